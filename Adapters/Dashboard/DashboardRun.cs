using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Telemetry;

namespace Forecast.Adapters.Dashboard;

/// <summary>What a page is told of a run before its first tick.</summary>
public sealed class DashboardRun
{
    private const double Unseen = -32768; // no place in any picture
    private const double PlacesPerHalf = 8192; // of a picture's half: coordinates of -1 to 1

    private DashboardRun()
    {
    }

    public required string Id { get; init; }

    public required int WidthPx { get; init; }

    public required int HeightPx { get; init; }

    /// <summary>By camera; empty where the run has no pictures.</summary>
    public required IReadOnlyList<PictureShelf> Shelves { get; init; }

    internal byte[] Hello { get; init; } = [];

    internal byte[] Model { get; init; } = [];

    internal byte[] Rig { get; init; } = [];

    internal byte[] Lift { get; init; } = [];

    /// <param name="title">What is shown beside the vehicle's name: a drive's name, or "live".</param>
    /// <param name="pace">live: on the machine's clock; replay: on the drive's, at any speed.</param>
    /// <param name="depth">Pictures kept of each camera.</param>
    public static DashboardRun Of(ModelManifest manifest, Rig rig, MessageIdentity identity, Timestamp now, TimeSpan budget, string title, string pace, int depth)
    {
        using var encoder = new ForecastEncoder(manifest, rig, identity, MessageEncoding.Json);
        var stamp = new MessageStamp(0, now);
        var bytes = manifest.InputWidthPx * manifest.InputHeightPx * 3;
        var id = Guid.NewGuid().ToString("N")[..8];
        return new DashboardRun
        {
            Id = id,
            WidthPx = manifest.InputWidthPx,
            HeightPx = manifest.InputHeightPx,
            Shelves = [.. rig.Cameras.Select(_ => new PictureShelf(bytes, depth))],
            Hello = HelloOf(id, manifest, rig, identity, now, budget, title, pace),
            Model = encoder.Model(stamp).ToArray(),
            Rig = encoder.Rig(stamp).ToArray(),
            Lift = LiftOf(manifest, rig),
        };
    }

    private static byte[] HelloOf(string id, ModelManifest manifest, Rig rig, MessageIdentity identity, Timestamp now, TimeSpan budget, string title, string pace) =>
        JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object>
        {
            ["run"] = id,
            ["vehicle"] = identity.Vehicle,
            ["session"] = identity.Session.ToString(),
            ["source"] = identity.Source.ToString().ToLowerInvariant(),
            ["title"] = title,
            ["pace"] = pace,
            ["clock"] = identity.Clock,
            ["software"] = identity.Software,
            ["start_ns"] = now.Nanoseconds.ToString(CultureInfo.InvariantCulture),
            ["period_ms"] = manifest.TickPeriod.TotalMilliseconds,
            ["silence_ms"] = Math.Min(500, 3 * manifest.TickPeriod.TotalMilliseconds),
            ["budget_ms"] = budget.TotalMilliseconds,
            ["cameras"] = rig.Cameras.Select(camera => camera.Name).ToArray(),
            ["stages"] = Enum.GetNames<Stage>().Select(name => name.ToLowerInvariant()).ToArray(),
        });

    /// <summary>Where every bird's-eye cell falls in every camera's picture, so that the page needs no lens: int16 [cameras, heights, X, Y, 2], as Base64.</summary>
    private static byte[] LiftOf(ModelManifest manifest, Rig rig)
    {
        var points = rig.Cameras.Count * manifest.LiftHeightsM.Count * manifest.Grid.SizeX * manifest.Grid.SizeY;
        var (lift, valid, places) = (new float[points * 2], new float[points], new short[points * 2]);
        Pipeline.Inference.Lift.Fill(rig, manifest, lift, valid);
        for (var i = 0; i < places.Length; i++)
        {
            places[i] = (short)(valid[i / 2] == 0 ? Unseen : Math.Clamp(lift[i] * PlacesPerHalf, -32767, 32767));
        }

        return JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object>
        {
            ["heights_m"] = manifest.LiftHeightsM,
            ["places_per_half"] = PlacesPerHalf,
            ["unseen"] = Unseen,
            ["places"] = Convert.ToBase64String(MemoryMarshal.AsBytes<short>(places)),
        });
    }
}
