using System.CommandLine;
using Forecast.Cli.Commands;
using Forecast.Cli.Terminal;

namespace Forecast.Pipeline.Tests.Cli;

/// <summary>Runs the command line within the test, in a pipe or as on a terminal, and keeps what it wrote.</summary>
internal sealed class CliRun
{
    private readonly SharedText _output = new();
    private readonly SharedText _error = new();

    public CliRun(string folder, bool isTerminal = false, IReadOnlyDictionary<string, string>? environment = null)
    {
        Console = new ConsoleOutput(_output, _error, isTerminal, TimeProvider.System);
        Host = new CommandHost(environment ?? new Dictionary<string, string>(), folder, folder, Console);
    }

    public ConsoleOutput Console { get; }

    public CommandHost Host { get; }

    public string Output => _output.ToString();

    public string Error => _error.ToString();

    public Task<int> InvokeAsync(params string[] arguments) => CommandTree.InvokeAsync(arguments, Host, CancellationToken.None);

    /// <summary>With these commands below the root.</summary>
    public Task<int> InvokeAsync(IEnumerable<Command> commands, params string[] arguments)
    {
        var root = new RootCommand();
        foreach (var command in commands)
        {
            root.Add(command);
        }

        return CommandTree.InvokeAsync(root, arguments, Host, CancellationToken.None);
    }

    /// <summary>Written on one thread, read on another.</summary>
    private sealed class SharedText : StringWriter
    {
        private readonly Lock _gate = new();

        public override void Write(char value)
        {
            lock (_gate)
            {
                base.Write(value);
            }
        }

        public override void Write(char[] buffer, int index, int count)
        {
            lock (_gate)
            {
                base.Write(buffer, index, count);
            }
        }

        public override void Write(string? value)
        {
            lock (_gate)
            {
                base.Write(value);
            }
        }

        public override void Write(ReadOnlySpan<char> buffer)
        {
            lock (_gate)
            {
                base.Write(buffer);
            }
        }

        public override string ToString()
        {
            lock (_gate)
            {
                return base.ToString();
            }
        }
    }
}
