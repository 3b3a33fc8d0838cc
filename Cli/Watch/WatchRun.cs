using System.Text;
using Forecast.Adapters.Mqtt;
using Forecast.Cli.Commands;
using Forecast.Cli.Configuration;
using Forecast.Cli.Terminal;

namespace Forecast.Cli.Watch;

/// <param name="Filter">The topics to subscribe to.</param>
internal sealed record WatchOptions(string Filter);

/// <summary>Subscribes and shows what comes until it is told to end: rows that are written over on a terminal, a line a second in a pipe.</summary>
internal static class WatchRun
{
    private static readonly TimeSpan TerminalPeriod = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan PipePeriod = TimeSpan.FromSeconds(1);

    public static async Task<int> RunAsync(Settings settings, WatchOptions options, ConsoleOutput console, CancellationToken cancellation)
    {
        var time = TimeProvider.System;
        var board = new WatchBoard(time);
        using var connection = new MqttConnection(settings.Broker.ToConnectionOptions($"forecast-watch-{Guid.NewGuid():N}"));
        connection.Subscribe(options.Filter, 0, (in MqttMessage message) => board.OnMessage(
            Encoding.UTF8.GetString(message.Topic),
            message.Payload.ToArray(),
            message.ContentType is null or "application/json",
            message.Retained));
        connection.StateChanged += state => console.Line(
            state.Connected ? $"watching {options.Filter} at {settings.Broker.Address}" : $"no broker at {settings.Broker.Address}: {state.Detail}; trying again");
        connection.Start();
        try
        {
            using var timer = new PeriodicTimer(console.IsTerminal ? TerminalPeriod : PipePeriod, time);
            while (await timer.WaitForNextTickAsync(cancellation))
            {
                Show(board, console);
            }
        }
        catch (OperationCanceledException)
        {
            // told to end, which is how watching ends
        }

        return ExitCode.Fine;
    }

    private static void Show(WatchBoard board, ConsoleOutput console)
    {
        if (console.Json)
        {
            foreach (var line in board.JsonLines())
            {
                console.JsonResult(line);
            }
        }
        else
        {
            console.Block(board.Lines());
        }
    }
}
