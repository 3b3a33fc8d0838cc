using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Forecast.Pipeline.Tests.Cli;

/// <summary>The command as a process of its own: exit codes, pipes, signals.</summary>
public sealed partial class ProcessTests : IDisposable
{
    private const int Interrupt = 2;
    private const int Terminate = 15;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("version", 0)]
    [InlineData("nonsense", 2)]
    [InlineData("doctor --set budget_ms=0", 2)]
    public async Task Process_ExitCode_IsTheCommands(string arguments, int expected)
    {
        using var process = Start(arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(Limit);

        Assert.Equal(expected, process.ExitCode);
        Assert.Equal(expected == 0, error.Length == 0);
        Assert.DoesNotContain('\e', await output + error);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Interrupt)]
    [InlineData(Terminate)]
    [InlineData(Interrupt, 2)] // as timeout does it, to the process and to its group
    public async Task Process_ToldToEnd_EndsWithZero(int signal, int times = 1)
    {
        using var process = Start("watch --broker mqtt://127.0.0.1:9"); // the discard port: nobody there, which watch waits out
        Assert.StartsWith("no broker at mqtt://127.0.0.1:9: ", await process.StandardOutput.ReadLineAsync().WaitAsync(Limit), StringComparison.Ordinal);

        Assert.Equal(0, Kill(process.Id, signal));
        for (var i = 1; i < times; i++)
        {
            await Task.Delay(2);
            _ = Kill(process.Id, signal); // it may have ended by now
        }

        await process.WaitForExitAsync().WaitAsync(Limit);

        Assert.Equal(0, process.ExitCode);
        Assert.Empty(await process.StandardError.ReadToEndAsync());
    }

    private Process Start(string arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _folder.Path,
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "forecast.dll"));
        foreach (var argument in arguments.Split(' '))
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
