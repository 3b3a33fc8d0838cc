using Forecast.Cli.Commands;
using Forecast.Pipeline.Tests.Mqtt;

namespace Forecast.Pipeline.Tests.Cli.Commands;

public sealed class BrokerAclCommandTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Invoke_OfTheSampleVehicle_PrintsTheSampleList()
    {
        var run = new CliRun(_folder.Path);

        Assert.Equal(ExitCode.Fine, await run.InvokeAsync("broker-acl", "shuttle-7"));
        Assert.Equal(SharedBroker.Sample("broker.acl"), run.Output);
    }

    [Theory]
    [InlineData("car car", "forecast: 'car' stands twice")]
    [InlineData("car +", "forecast: '+' is no vehicle's name: 1 to 64 letters, digits, - and _")]
    public async Task Invoke_BadNames_IsOneLineAndTwo(string names, string expected)
    {
        var run = new CliRun(_folder.Path);

        Assert.Equal(ExitCode.Usage, await run.InvokeAsync(["broker-acl", .. names.Split(' ')]));
        Assert.Equal(("", expected), (run.Output, run.Error.TrimEnd()));
    }
}
