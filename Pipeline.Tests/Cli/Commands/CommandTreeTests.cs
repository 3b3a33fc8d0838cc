using System.CommandLine;
using System.Text.Json;
using Forecast.Cli.Commands;

namespace Forecast.Pipeline.Tests.Cli.Commands;

public sealed class CommandTreeTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("verson", "forecast: forecast does not know verson; did you mean version?\nforecast: see forecast --help\n")]
    [InlineData("version --jsn", "forecast: forecast version does not know --jsn; did you mean --json?\nforecast: see forecast version --help\n")]
    [InlineData("version what is this", "forecast: forecast version does not know what is this\nforecast: see forecast version --help\n")]
    [InlineData("", "forecast: Required command was not provided\nforecast: see forecast --help\n")]
    [InlineData("@response", "forecast: forecast does not know @response\nforecast: see forecast --help\n")]
    public async Task Invoke_NotUnderstood_SaysWhatAndEndsWithTwo(string arguments, string expected)
    {
        var run = new CliRun(_folder.Path);

        var exit = await run.InvokeAsync(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal(ExitCode.Usage, exit);
        Assert.Equal(expected, run.Error);
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task Invoke_Help_GoesToStandardOutputWithZero()
    {
        var run = new CliRun(_folder.Path);

        Assert.Equal(ExitCode.Fine, await run.InvokeAsync("--help"));
        Assert.Contains("version", run.Output, StringComparison.Ordinal);
        Assert.Empty(run.Error);
    }

    [Fact]
    public async Task Version_Json_IsOneObject()
    {
        var run = new CliRun(_folder.Path);

        Assert.Equal(ExitCode.Fine, await run.InvokeAsync("version", "--json"));
        using var json = JsonDocument.Parse(run.Output);
        Assert.Equal(VersionCommand.Text, json.RootElement.GetProperty("version").GetString());
    }

    [Fact]
    public async Task Invoke_UnexpectedError_IsOneLineAndOneUnlessTheTraceIsAskedFor()
    {
        var quiet = new CliRun(_folder.Path);
        var traced = new CliRun(_folder.Path, environment: new Dictionary<string, string> { ["FORECAST_TRACE"] = "1" });

        Assert.Equal(ExitCode.Failed, await quiet.InvokeAsync([Failing()], "fail"));
        Assert.Equal(ExitCode.Failed, await traced.InvokeAsync([Failing()], "fail"));

        Assert.Equal("forecast: two lines (InvalidOperationException; FORECAST_TRACE=1 shows where)\n", quiet.Error);
        Assert.Contains(nameof(Failing), traced.Error, StringComparison.Ordinal);
    }

    private static Command Failing()
    {
        var command = new Command("fail");
        command.SetAction(int (_) => throw new InvalidOperationException($"two\nlines") { Source = nameof(Failing) });
        return command;
    }
}
