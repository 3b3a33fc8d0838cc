namespace Forecast.Replay.Recording;

/// <summary>The descriptor sets that protoc made of the schemas at build time; each holds what it imports.</summary>
internal static class RecordingSchemas
{
    public static byte[] Foxglove { get; } = Read("foxglove.binpb");

    public static byte[] Forecast { get; } = Read("forecast.binpb");

    public static byte[] Recording { get; } = Read("recording.binpb");

    /// <param name="message">A full name, as forecast.v1.Risk.</param>
    public static byte[] Of(string message) =>
        message.StartsWith("foxglove.", StringComparison.Ordinal) ? Foxglove
        : message.StartsWith("forecast.recording.", StringComparison.Ordinal) ? Recording
        : Forecast;

    private static byte[] Read(string name)
    {
        using var stream = typeof(RecordingSchemas).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"the build left {name} out");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
