using System.Diagnostics;
using System.Globalization;
using System.Text;
using Forecast.Adapters.Mqtt;
using Forecast.Cli.Watch;
using Forecast.Pipeline.Tests.Cli;
using Forecast.Pipeline.Tests.Mqtt;

namespace Forecast.Pipeline.Tests.EndToEnd;

/// <summary>The whole process is killed, or stopped: what a subscriber hears of it, and when.</summary>
[Collection(EndToEndTests.Name)]
[Trait("Category", "Slow")]
public sealed class VanishTests : IDisposable
{
    private const int Kill = 9;
    private const int Continue = 18;
    private const int Stop = 19;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(0.5);

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [EndToEndFact(Needs.Model, Needs.NearMiss, Needs.Broker, Needs.Subscriber, "ffmpeg")]
    public void Run_Killed_TheWillIsSeenWithinHalfASecond()
    {
        using var broker = new Mosquitto();
        using var subscriber = new MosquittoSub(broker.Port, "forecast/#");
        using var run = StartRun(broker);
        Eventually.True(() => run.HasExited || MessageLog.NewestTick(subscriber) >= 5, "no forecast", withinS: 60);

        run.Signal(Kill);
        var began = Stopwatch.GetTimestamp();
        Eventually.True(
            () => Array.Exists(subscriber.Messages, message => message.Topic.EndsWith("/status", StringComparison.Ordinal) && message.Payload.Contains("last_will", StringComparison.Ordinal)),
            "the will was not seen");

        AssertWithin(Stopwatch.GetElapsedTime(began), "the will");
    }

    [EndToEndFact(Needs.Model, Needs.NearMiss, Needs.Broker, "ffmpeg")]
    public void Run_Stopped_WatchSaysNoForecastByItsOwnClockWithinHalfASecond()
    {
        using var broker = new Mosquitto();
        var board = new WatchBoard(TimeProvider.System);
        using var connection = new MqttConnection(BrokerFixture.Options(broker.Url));
        connection.Subscribe("forecast/#", 0, (in MqttMessage message) => board.OnMessage(Encoding.UTF8.GetString(message.Topic), message.Payload.ToArray(), isJson: true, message.Retained));
        connection.Start();
        using var run = StartRun(broker);
        Eventually.True(() => run.HasExited || HasForecast(board), "no forecast", withinS: 60);

        run.Signal(Stop);
        var began = Stopwatch.GetTimestamp();
        Eventually.True(() => !HasForecast(board), "the forecast never went");
        var gone = Stopwatch.GetElapsedTime(began);
        Thread.Sleep(1000);
        var still = HasForecast(board);
        run.Signal(Continue);

        AssertWithin(gone, "no forecast");
        Assert.False(still);
    }

    private static bool HasForecast(WatchBoard board) => board.JsonLines().Any(line => line.Contains("\"forecast\":true", StringComparison.Ordinal));

    private static void AssertWithin(TimeSpan took, string what) =>
        Assert.True(took <= Limit, string.Create(CultureInfo.InvariantCulture, $"{what} after {took.TotalMilliseconds:0} ms"));

    private ForecastProgram StartRun(Mosquitto broker) =>
        new(_folder.Path, "replay", LongDrive.Write(Needs.Folder(Needs.NearMiss), _folder.At("drive")), "--as-live", "--broker", broker.Url, "--metrics", "0");
}
