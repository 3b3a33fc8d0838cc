using System.Text;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;

namespace Forecast.Pipeline.Publishing.Messages;

/// <summary>What the messages of one session repeat, encoded to UTF-8 once.</summary>
internal sealed class MessageConstants
{
    public MessageConstants(ModelManifest manifest, Rig rig, MessageIdentity identity)
    {
        ArgumentException.ThrowIfNullOrEmpty(identity.Vehicle);
        ArgumentException.ThrowIfNullOrEmpty(identity.Clock);
        if (identity.Source == SourceKind.Unspecified)
        {
            throw new ArgumentException("a message says whether it is live, replayed or a demo", nameof(identity));
        }

        Manifest = manifest;
        RigInUse = rig;
        Source = identity.Source;
        Session = identity.Session;
        SessionText = Utf8(identity.Session.ToString("D"));
        Vehicle = Utf8(identity.Vehicle);
        Clock = Utf8(identity.Clock);
        Provider = Utf8(identity.Provider);
        ConfigSha256 = Utf8(identity.ConfigSha256);
        Software = Utf8(identity.Software);
        ModelName = Utf8(manifest.Name);
        ModelSha256 = Utf8(manifest.Sha256);
        CollisionDefinition = Utf8(manifest.CollisionDefinition);
        BoundMethod = Utf8(manifest.Calibration.UpperBound.Method);
        BoundMethodEgoEstimated = Utf8(manifest.Calibration.UpperBoundFor(EgoOrigin.Estimated).Method);
        OccupancyClasses = [.. manifest.OccupancyClasses.Select(Utf8)];
        Manoeuvres = [.. manifest.Candidates.Select(candidate => Utf8(candidate.Name))];
        Cameras = [.. rig.Cameras.Select(camera => Utf8(camera.Name))];
        HorizonsS = [.. manifest.HorizonsS];
        SilenceLimitS = Math.Min(3 * manifest.TickPeriod.TotalSeconds, 0.5);
    }

    public ModelManifest Manifest { get; }

    public Rig RigInUse { get; }

    public SourceKind Source { get; }

    public Guid Session { get; }

    public byte[] SessionText { get; }

    public byte[] Vehicle { get; }

    public byte[] Clock { get; }

    public byte[] Provider { get; }

    public byte[] ConfigSha256 { get; }

    public byte[] Software { get; }

    public byte[] ModelName { get; }

    public byte[] ModelSha256 { get; }

    public byte[] CollisionDefinition { get; }

    public byte[] BoundMethod { get; }

    public byte[] BoundMethodEgoEstimated { get; }

    public byte[][] OccupancyClasses { get; }

    public byte[][] Manoeuvres { get; }

    public byte[][] Cameras { get; }

    public double[] HorizonsS { get; }

    /// <summary>Longer without a message, by the subscriber's clock, means no forecast.</summary>
    public double SilenceLimitS { get; }

    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
