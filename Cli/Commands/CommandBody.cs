using System.CommandLine;
using Forecast.Cli.Configuration;
using Forecast.Cli.Terminal;

namespace Forecast.Cli.Commands;

/// <summary>What a command does, once it knows its settings and its own options. Returns an <see cref="ExitCode"/>; cancelled means: end gracefully.</summary>
internal delegate Task<int> CommandBody<in TOptions>(Settings settings, TOptions options, ConsoleOutput console, CancellationToken cancellation);

internal static class CommandBodyExtensions
{
    /// <summary>
    /// Settings are loaded and <paramref name="read"/> checks the command's own options before the body begins; the summary's folder is
    /// tried before too, since a run whose result cannot be written is better not begun.
    /// </summary>
    public static void SetBody<TOptions>(
        this Command command,
        CommandHost host,
        CommonOptions common,
        Func<ParseResult, Settings, TOptions> read,
        CommandBody<TOptions> body) =>
        command.SetAction(async (parsed, cancellation) =>
        {
            var settings = common.LoadSettings(parsed, host);
            var options = read(parsed, settings);
            if (settings.SummaryFile is not null)
            {
                SummaryFile.CheckWritable(settings.SummaryFile);
            }

            var console = host.Console.With(common.Json(parsed), common.Quiet(parsed));
            foreach (var warning in settings.Warnings)
            {
                console.Warning(warning);
            }

            return await body(settings, options, console, cancellation);
        });
}
