using Forecast.Adapters.Sodium;
using Forecast.Pipeline.Frames;

namespace Forecast.Adapters.Drives;

/// <summary>Reads and checks a rig (<c>forecast.rig/1</c>), as YAML or as JSON.</summary>
public static class RigFile
{
    public const string Schema = "forecast.rig/1";

    private const double FurthestMountM = 30;

    /// <exception cref="UnusableInputException">It cannot be read, or something in it is wrong: all problems with their lines.</exception>
    /// <exception cref="SignatureException">It must be signed and is not.</exception>
    public static Rig Load(string path, MinisignKey? signedBy = null)
    {
        var (document, root) = StrictDocument.Load(path, signedBy);
        return Read(document, root);
    }

    /// <param name="file">What to call it in messages.</param>
    public static Rig Parse(string text, string file)
    {
        var (document, root) = StrictDocument.Parse(text, file);
        return Read(document, root);
    }

    private static Rig Read(StrictDocument document, StrictSection root)
    {
        root.Choice("schema", Schema, (Schema, Schema));
        var name = root.Text("name");
        var assumed = root.Choice("calibration", true, ("measured", false), ("assumed", true));
        var how = root.Text("estimated_how", "a sentence", fallback: "");
        if (assumed && how.Length == 0)
        {
            root.Problem("estimated_how", "an assumed calibration must say how it was estimated");
        }

        var vehicle = Vehicle(root.Section("vehicle"));
        var skew = TimeSpan.FromSeconds(root.Number("skew_tolerance_s", 0, 1));
        var cameras = new List<CameraCalibration>();
        var names = new HashSet<string>();
        foreach (var section in root.Sections("cameras", "a list of cameras, at least one"))
        {
            var camera = Camera(section);
            if (camera.Name.Length > 0 && !names.Add(camera.Name))
            {
                section.Problem("name", $"a second camera called '{camera.Name}': every camera needs a name of its own");
            }

            cameras.Add(camera);
        }

        root.RefuseUnknown();
        document.ThrowIfWrong();
        return new Rig(name, assumed, how, vehicle, skew, cameras);
    }

    private static VehicleOutline Vehicle(StrictSection section)
    {
        var length = section.Number("length_m", 1, 30);
        var vehicle = new VehicleOutline(length, section.Number("width_m", 0.5, 5), section.Number("rear_overhang_m", 0, 10));
        if (vehicle.RearOverhangM >= length)
        {
            section.Problem("rear_overhang_m", "must be less than length_m");
        }

        section.RefuseUnknown();
        return vehicle;
    }

    private static CameraCalibration Camera(StrictSection section)
    {
        var name = section.Text("name");
        if (name.AsSpan().ContainsAnyExcept(NameCharacters))
        {
            section.Problem("name", $"'{name}' is not allowed: letters, digits, _ and - only, since topics and metrics carry it");
        }

        var width = section.Whole("width_px", 16, 8192);
        var height = section.Whole("height_px", 16, 8192);
        var camera = new CameraCalibration(
            name,
            width,
            height,
            section.Number("rate_hz", 0.1, 240),
            Intrinsics(section.Section("intrinsics"), width, height),
            Distortion(section.OptionalSection("distortion")),
            Extrinsics(section.Section("extrinsics")),
            Stamp(section.Section("stamp")));
        section.RefuseUnknown();
        return camera;
    }

    private static readonly System.Buffers.SearchValues<char> NameCharacters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

    private static Intrinsics Intrinsics(StrictSection section, int width, int height)
    {
        const double longestFocalPx = 100_000;
        var intrinsics = new Intrinsics(
            section.Number("fx_px", 1, longestFocalPx),
            section.Number("fy_px", 1, longestFocalPx),
            // A calibrated frame may be a cut-out with its principal point outside.
            section.Number("cx_px", -width, 2 * width),
            section.Number("cy_px", -height, 2 * height));
        section.RefuseUnknown();
        return intrinsics;
    }

    private static Distortion Distortion(StrictSection? section)
    {
        if (section is null)
        {
            return Pipeline.Frames.Distortion.None;
        }

        const double largest = 100;
        var model = section.Choice("model", DistortionModel.None, ("none", DistortionModel.None), ("brown", DistortionModel.Brown), ("fisheye", DistortionModel.Fisheye));
        var distortion = model switch
        {
            DistortionModel.Brown => new Distortion(model, section.Numbers("coefficients", -largest, largest, 5, 4)),
            DistortionModel.Fisheye => new Distortion(model, section.Numbers("coefficients", -largest, largest, 4)),
            _ => Pipeline.Frames.Distortion.None,
        };
        section.Ignore("coefficients");
        section.RefuseUnknown();
        return distortion;
    }

    private static RigidTransform Extrinsics(StrictSection section)
    {
        var t = section.Numbers("translation_m", -FurthestMountM, FurthestMountM, 3);
        var q = section.Numbers("rotation_wxyz", -1.01, 1.01, 4);
        section.RefuseUnknown();
        var norm = Math.Sqrt((q[0] * q[0]) + (q[1] * q[1]) + (q[2] * q[2]) + (q[3] * q[3]));
        const double roundingOfTypedNumbers = 0.01;
        if (Math.Abs(norm - 1) > roundingOfTypedNumbers)
        {
            section.Problem("rotation_wxyz", FormattableString.Invariant($"must be a unit quaternion (w, x, y, z); its length is {norm:0.###}"));
            return new RigidTransform(1, 0, 0, 0, t[0], t[1], t[2]);
        }

        // A unit quaternion but for rounding stays as it is: a rig that was written is read back bit for bit.
        norm = Math.Abs(norm - 1) < 1e-15 ? 1 : norm;
        return new RigidTransform(q[0] / norm, q[1] / norm, q[2] / norm, q[3] / norm, t[0], t[1], t[2]);
    }

    private static StampQuality Stamp(StrictSection section)
    {
        var origin = section.Choice("how", StampOrigin.Arrival, ("driver", StampOrigin.Driver), ("rtp", StampOrigin.Rtp), ("arrival", StampOrigin.Arrival));
        var latency = section.OptionalNumber("latency_s", 0, 5);
        var uncertainty = section.Number("uncertainty_s", 0, 1, fallback: 0.05);
        section.RefuseUnknown();
        return new StampQuality(origin, latency is { } seconds ? TimeSpan.FromSeconds(seconds) : null, TimeSpan.FromSeconds(uncertainty));
    }
}
