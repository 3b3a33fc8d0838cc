using Forecast.Pipeline.Frames;

namespace Forecast.Replay.Recording;

/// <param name="Schema">The message's full name.</param>
internal sealed record RecordingStream(string Topic, string Schema);

/// <summary>The topics of a recording; the same in each of its files. A stream's place in the list is its number.</summary>
internal static class RecordingStreams
{
    public const string InputTopic = "/forecast/input/";

    public const int Calls = 0;
    public const int Ego = 1;
    public const int Plan = 2;
    public const int Published = 3;
    public const int Dropped = 4;
    public const int Log = 5;
    public const int Scene = 6;
    public const int Risk = 7;
    public const int Intended = 8;
    public const int RiskEvent = 9;
    public const int SurpriseEvent = 10;
    public const int Health = 11;
    public const int Latency = 12;
    public const int Occupancy = 13;
    public const int Path = 14;
    public const int Transforms = 15;
    private const int FirstOfCameras = 16;
    private const int OfEachCamera = 3;

    private static readonly RecordingStream[] Fixed =
    [
        new("/forecast/calls", "forecast.recording.v1.JourneyCall"),
        new("/vehicle/ego", "forecast.recording.v1.EgoSample"),
        new("/vehicle/plan", "forecast.recording.v1.IntendedPlan"),
        new("/forecast/published", "forecast.recording.v1.Published"),
        new("/forecast/dropped", "forecast.recording.v1.Dropped"),
        new("/log", "foxglove.Log"),
        new("/forecast/scene", "forecast.v1.Scene"),
        new("/forecast/risk", "forecast.v1.Risk"),
        new("/forecast/plan", "forecast.v1.Plan"),
        new("/forecast/risk/event", "forecast.v1.RiskEvent"),
        new("/forecast/surprise/event", "forecast.v1.SurpriseEvent"),
        new("/forecast/health", "forecast.v1.Health"),
        new("/forecast/latency", "forecast.v1.Latency"),
        new("/forecast/occupancy", "foxglove.Grid"),
        new("/forecast/path", "foxglove.SceneUpdate"),
        new("/tf", "foxglove.FrameTransforms"),
    ];

    public static IReadOnlyList<RecordingStream> Of(Rig rig)
    {
        var streams = new List<RecordingStream>(Fixed);
        foreach (var camera in rig.Cameras)
        {
            streams.Add(new RecordingStream(InputTopic + camera.Name, "forecast.recording.v1.ModelInput"));
            streams.Add(new RecordingStream($"/camera/{camera.Name}/image", "foxglove.CompressedImage"));
            streams.Add(new RecordingStream($"/camera/{camera.Name}/calibration", "foxglove.CameraCalibration"));
        }

        return streams;
    }

    public static int Input(int camera) => FirstOfCameras + (camera * OfEachCamera);

    public static int Image(int camera) => Input(camera) + 1;

    public static int Calibration(int camera) => Input(camera) + 2;

    /// <summary>The camera whose prepared picture a stream carries; -1: it carries something else.</summary>
    public static int CameraOf(int stream) => stream >= FirstOfCameras && (stream - FirstOfCameras) % OfEachCamera == 0 ? (stream - FirstOfCameras) / OfEachCamera : -1;
}
