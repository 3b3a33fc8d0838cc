using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Forecast.Adapters.Mqtt;
using Forecast.Adapters.Outbox;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Tests.Publishing;

namespace Forecast.Pipeline.Tests.Mqtt;

/// <summary>
/// A process of its own that raises alarms over a sink with a journal, to be killed, or to be given a disk without room. It takes orders on its standard input and answers each in a
/// line: "raise N", "flush", "room BYTES" (of any file that it writes), "trouble".
/// </summary>
internal sealed partial class ChildOutbox : IDisposable
{
    internal const string Journal = "FORECAST_TEST_CHILD_JOURNAL";
    private const int FileSizeExceeded = 25; // SIGXFSZ: without a handler the limit would end the process
    private const int FileSizeLimit = 1; // RLIMIT_FSIZE

    private readonly Process _process;

    internal ChildOutbox(string url, string topicBase, string journal) =>
        _process = ChildPublisher.Start(url, topicBase, (Journal, journal));

    /// <summary>The ids of the alarms raised.</summary>
    internal List<Guid> Raise(int count) => [.. Ask($"raise {count}").Split(' ').Select(Guid.Parse)];

    /// <summary>Whether all of them are on disk.</summary>
    internal bool Flush() => bool.Parse(Ask("flush"));

    internal void LeaveRoom(long bytes) => Ask(string.Create(CultureInfo.InvariantCulture, $"room {bytes}"));

    /// <summary>What the journal says of its disk; empty: nothing.</summary>
    internal string Trouble() => Ask("trouble");

    /// <summary>SIGKILL: nothing is drained.</summary>
    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    /// <summary>In the child.</summary>
    internal static void Run(string url, string topicBase, string path)
    {
        using var ignored = PosixSignalRegistration.Create((PosixSignal)FileSizeExceeded, signal => signal.Cancel = true);
        var journal = new EventJournal(path, 1 << 22, TimeProvider.System);
        var connection = new MqttConnection(BrokerFixture.Options(url));
        var sink = MqttForecastSinkTests.Sink(connection, topicBase, journal);
        connection.Start();
        var forecast = ForecastSamples.Complete();
        (forecast.Edge, forecast.SurpriseEdge, forecast.NoveltyEdge) = (AlarmEdge.Rising, AlarmEdge.None, AlarmEdge.None);
        while (Console.ReadLine() is { } order)
        {
            var words = order.Split(' ');
            Console.WriteLine(words[0] switch
            {
                "raise" => string.Join(' ', Enumerable.Range(0, int.Parse(words[1], CultureInfo.InvariantCulture)).Select(_ => Raise(sink, forecast))),
                "room" => Limit(long.Parse(words[1], CultureInfo.InvariantCulture)),
                "flush" => journal.Flush(TimeSpan.FromSeconds(10)).ToString(),
                _ => journal.Trouble ?? "",
            });
        }

        Environment.Exit(0);
    }

    private static Guid Raise(MqttForecastSink sink, SceneForecast forecast)
    {
        forecast.Tick++;
        forecast.Alarm = new AlarmEvent(Guid.NewGuid(), new Timestamp(forecast.Tick));
        sink.Publish(forecast);
        return forecast.Alarm.Id;
    }

    private static string Limit(long bytes)
    {
        var limit = new ResourceLimit { Soft = (ulong)bytes, Hard = ulong.MaxValue };
        return SetLimit(FileSizeLimit, in limit) == 0 ? "" : throw new InvalidOperationException("setrlimit");
    }

    private string Ask(string order)
    {
        _process.StandardInput.WriteLine(order);
        _process.StandardInput.Flush();
        return _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("the child ended");
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct ResourceLimit
    {
        public ulong Soft;
        public ulong Hard;
    }

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, in ResourceLimit limit);
}
