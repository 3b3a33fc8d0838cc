using System.CommandLine;
using System.CommandLine.Parsing;
using Forecast.Adapters.Drives;
using Forecast.Cli.Composition;
using Forecast.Cli.Watch;

namespace Forecast.Cli.Commands;

/// <summary>The `forecast` command: its parts, and the one place where errors become a line and an exit code.</summary>
internal static class CommandTree
{
    /// <summary>Set to anything, it shows the whole trace of an error that nobody expected.</summary>
    private const string TraceVariable = "FORECAST_TRACE";

    public const string ShortOfMemory = "there is not enough memory: a run takes some 400 MB beside what its model needs; free some, or raise the limit that this process has (ulimit, cgroup)";

    public static RootCommand Create(CommandHost host)
    {
        var root = new RootCommand("Forecast: from cameras to collision risk, over MQTT, inside a deadline.");
        root.Add(DemoCommand.Create(host, DemoRun.RunAsync));
        root.Add(RunCommand.Create(host, CameraRun.RunAsync));
        root.Add(RecordCommand.Create(host, CameraRecording.RunAsync));
        root.Add(ReplayCommand.Create(host, DriveReplay.RunAsync));
        root.Add(CalibrateCommand.Create(host, CalibrationRun.RunAsync));
        root.Add(BenchCommand.Create(host, BenchRun.RunAsync));
        root.Add(WatchCommand.Create(host, WatchRun.RunAsync));
        root.Add(DoctorCommand.Create(host));
        root.Add(BrokerAclCommand.Create(host));
        root.Add(VersionCommand.Create(host));
        return root;
    }

    public static Task<int> InvokeAsync(IReadOnlyList<string> arguments, CommandHost host, CancellationToken cancellation) =>
        InvokeAsync(Create(host), arguments, host, cancellation);

    public static async Task<int> InvokeAsync(RootCommand root, IReadOnlyList<string> arguments, CommandHost host, CancellationToken cancellation)
    {
        var parsed = root.Parse(arguments, new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            foreach (var line in UsageLines(parsed))
            {
                host.Console.Error(line);
            }

            return ExitCode.Usage;
        }

        try
        {
            // Signals are ours (see Interruption): the library's own handling would end the process two seconds after the first one.
            return await parsed.InvokeAsync(
                new InvocationConfiguration
                {
                    Output = host.Console.Output,
                    Error = host.Console.ErrorOutput,
                    EnableDefaultExceptionHandler = false,
                    ProcessTerminationTimeout = null,
                },
                cancellation);
        }
        catch (Exception fault) when (InputFaults.LinesOf(fault) is { } lines)
        {
            foreach (var line in lines)
            {
                host.Console.Error(line);
            }

            return ExitCode.Usage;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return ExitCode.Fine;
        }
        catch (Exception fault) when (fault.GetBaseException() is OutOfMemoryException && !host.Environment.ContainsKey(TraceVariable))
        {
            host.Console.Error(ShortOfMemory);
            return ExitCode.Failed;
        }
        catch (Exception fault)
        {
            host.Console.Error(host.Environment.ContainsKey(TraceVariable)
                ? fault.ToString()
                : $"{(fault is TypeInitializationException ? fault.GetBaseException() : fault).Message.ReplaceLineEndings(" ")} ({fault.GetType().Name}; {TraceVariable}=1 shows where)");
            return ExitCode.Failed;
        }
    }

    private static IEnumerable<string> UsageLines(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var name = command is RootCommand ? "forecast" : $"forecast {command.Name}";
        if (parsed.UnmatchedTokens.Count > 0)
        {
            var word = parsed.UnmatchedTokens[0];
            var known = word.StartsWith('-') ? Options(parsed.CommandResult) : command.Subcommands.Select(part => part.Name);
            var meant = Suggestion.For(word, known);
            yield return $"{name} does not know {string.Join(' ', parsed.UnmatchedTokens)}{(meant is null ? "" : $"; did you mean {meant}?")}";
        }
        else
        {
            foreach (var error in parsed.Errors)
            {
                yield return error.Message.TrimEnd('.');
            }
        }

        yield return $"see {name} --help";
    }

    private static IEnumerable<string> Options(CommandResult result) => result.Command.Options.Select(option => option.Name);
}
