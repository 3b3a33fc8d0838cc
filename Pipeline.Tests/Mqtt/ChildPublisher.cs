using System.Diagnostics;
using Forecast.Adapters.Mqtt;

namespace Forecast.Pipeline.Tests.Mqtt
{
    /// <summary>A publisher in a process of its own, to be killed: the tests' program itself, taken over by <see cref="StartupHook"/>.</summary>
    internal static class ChildPublisher
    {
        internal const string Url = "FORECAST_TEST_CHILD_BROKER";
        internal const string Embedded = "embedded"; // as the URL: it starts a broker of its own and writes its process's number and its folder
        internal const string TopicBase = "FORECAST_TEST_CHILD_BASE";

        internal static Process Start(string url, string topicBase, params ReadOnlySpan<(string Name, string Value)> environment)
        {
            var program = typeof(ChildPublisher).Assembly.Location;
            var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardInput = true };
            string[] arguments =
                ["exec", "--runtimeconfig", Path.ChangeExtension(program, ".runtimeconfig.json"), "--depsfile", Path.ChangeExtension(program, ".deps.json"), program];
            foreach (var argument in arguments)
            {
                start.ArgumentList.Add(argument);
            }

            start.Environment["DOTNET_STARTUP_HOOKS"] = program;
            start.Environment[Url] = url;
            start.Environment[TopicBase] = topicBase;
            foreach (var (name, value) in environment)
            {
                start.Environment[name] = value;
            }

            return Process.Start(start)!;
        }

        internal static void Run(string url, string topicBase)
        {
            if (Environment.GetEnvironmentVariable(ChildOutbox.Journal) is { } journal)
            {
                ChildOutbox.Run(url, topicBase, journal);
            }

            if (url == Embedded)
            {
                var broker = EmbeddedBroker.Start(new EmbeddedBrokerOptions());
                Console.WriteLine(broker.ProcessId);
                Console.WriteLine(broker.Folder);
                Thread.Sleep(TimeSpan.FromMinutes(1));
            }

            var connection = new MqttConnection(new MqttConnectionOptions { Broker = url, ClientId = "child" });
            var status = connection.CreateTopic(topicBase + "status", 1, retain: true, new MqttProperties { ContentType = "text/plain" });
            connection.Will = new MqttWill(status, "offline"u8.ToArray());
            connection.Connected += () => connection.Publish(status, "online"u8);
            connection.Start();
            Thread.Sleep(TimeSpan.FromMinutes(1)); // whoever started it kills it long before
        }
    }
}

/// <summary>The runtime calls this before the program's entry point where DOTNET_STARTUP_HOOKS says so.</summary>
internal static class StartupHook
{
    public static void Initialize()
    {
        if (Environment.GetEnvironmentVariable(Forecast.Pipeline.Tests.Fuzzing.FuzzWorker.Target) is { } target)
        {
            Forecast.Pipeline.Tests.Fuzzing.FuzzWorker.Run(target);
        }

        if (Environment.GetEnvironmentVariable(Forecast.Pipeline.Tests.Mqtt.ChildPublisher.Url) is { } url)
        {
            Forecast.Pipeline.Tests.Mqtt.ChildPublisher.Run(url, Environment.GetEnvironmentVariable(Forecast.Pipeline.Tests.Mqtt.ChildPublisher.TopicBase)!);
        }
    }
}
