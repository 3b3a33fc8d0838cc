using System.Text;
using Forecast.Adapters.Mqtt;
using Forecast.Cli.Commands;
using Forecast.Cli.Configuration;
using Forecast.Cli.Watch;

namespace Forecast.Pipeline.Tests.Cli.Watch;

/// <summary>`watch` against a real broker.</summary>
public sealed class WatchRunTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Run_PublisherOnARealBroker_ShowsItsRiskAndEndsWhenToldTo()
    {
        using var broker = EmbeddedBroker.Start(new EmbeddedBrokerOptions());
        Assert.True(BrokerAddress.TryParse(broker.Url, out var address, out _));
        var run = new CliRun(_folder.Path);
        using var cancellation = new CancellationTokenSource();
        var watch = Task.Run(() => WatchRun.RunAsync(
            new Settings { Broker = new BrokerSettings { Address = address } }, new WatchOptions("forecast/#"), run.Console, cancellation.Token));

        await PublishUntil(broker.Url, () => run.Output.Contains("car  LOW", StringComparison.Ordinal));
        cancellation.Cancel();

        Assert.Equal(ExitCode.Fine, await watch.WaitAsync(Limit));
        Assert.Contains($"watching forecast/# at {address}", run.Output, StringComparison.Ordinal);
        Assert.All(run.Output, letter => Assert.True(letter is '\n' or (>= ' ' and <= '~'), $"U+{(int)letter:X4}"));
    }

    [Theory]
    [InlineData("--broker embedded", "watch needs the address of a broker that runs: --broker mqtt://HOST[:PORT]; `forecast demo` says where its own one is")]
    [InlineData("--topic a/#/b", "--topic a/#/b: # may only be the last level, and + a whole one")]
    [InlineData("--topic a+/b", "--topic a+/b: # may only be the last level, and + a whole one")]
    public async Task Invoke_BadInput_IsOneLineAndTwo(string arguments, string expected)
    {
        var run = new CliRun(_folder.Path);

        Assert.Equal(ExitCode.Usage, await run.InvokeAsync(["watch", .. arguments.Split(' ')]));
        Assert.Equal($"forecast: {expected}\n", run.Error);
    }

    private static async Task PublishUntil(string broker, Func<bool> done)
    {
        using var connection = new MqttConnection(new MqttConnectionOptions { Broker = broker, ClientId = "publisher" });
        var topic = connection.CreateTopic("forecast/v1/car/risk", 0, retain: false, new MqttProperties { ContentType = "application/json" });
        connection.Start();
        var end = Environment.TickCount64 + (long)Limit.TotalMilliseconds;
        for (var sequence = 0; !done(); sequence++)
        {
            Assert.True(Environment.TickCount64 < end, "watch showed nothing");
            connection.Publish(topic, Encoding.UTF8.GetBytes(
                $$"""
                {"envelope":{"schema":"forecast.v1","session":"s","sequence":"{{sequence}}","ttl_ms":60000,"validity":"VALIDITY_VALID"},"level":"RISK_LEVEL_LOW"}
                """));
            await Task.Delay(50);
        }
    }
}
