using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Forecast.Pipeline.Tests.Mqtt;

/// <summary>An independent subscriber: Debian's mosquitto_sub, its messages as JSON.</summary>
internal sealed class MosquittoSub : IDisposable
{
    private readonly Process _process;
    private readonly List<Received> _messages = [];
    private readonly ManualResetEventSlim _subscribed = new();

    /// <summary>Returns when the broker has acknowledged the subscription.</summary>
    internal MosquittoSub(int port, string filter, params string[] extra)
        : this(port, filter, extra, "127.0.0.1")
    {
    }

    internal MosquittoSub(int port, string filter, string[] extra, string host)
    {
        var start = new ProcessStartInfo("stdbuf") { RedirectStandardOutput = true, RedirectStandardError = true };
        string[] arguments =
            ["-oL", "mosquitto_sub", "-h", host, "-p", port.ToString(CultureInfo.InvariantCulture), "-V", "5", "-d", "-q", "1", "-F", "%j", "-t", filter, .. extra];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Hear(line.Data);
        _process.ErrorDataReceived += (_, line) => Hear(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        Assert.True(_subscribed.Wait(TimeSpan.FromSeconds(10)), "mosquitto_sub did not subscribe");
    }

    internal Received[] Messages
    {
        get
        {
            lock (_messages)
            {
                return [.. _messages];
            }
        }
    }

    internal Received WaitFor(string topic, Predicate<Received>? which = null)
    {
        Received? found = null;
        Eventually.True(() => (found = Array.Find(Messages, m => m.Topic == topic && (which is null || which(m)))) is not null, $"no message on {topic}");
        return found!;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private void Hear(string? line)
    {
        if (line is null)
        {
            return;
        }

        if (line.StartsWith("Subscribed", StringComparison.Ordinal))
        {
            _subscribed.Set();
        }
        else if (line.StartsWith('{'))
        {
            lock (_messages)
            {
                _messages.Add(Received.Parse(line));
            }
        }
    }
}

/// <summary>What mosquitto_sub saw of a message.</summary>
internal sealed record Received(string Topic, int Qos, bool Retained, string Payload, string? ContentType, string? Schema, int? ExpiryS, string? ResponseTopic, string? Correlation)
{
    /// <summary>Of Stopwatch.GetTimestamp.</summary>
    internal long HeardAt { get; } = Stopwatch.GetTimestamp();

    internal static Received Parse(string json)
    {
        var message = JsonDocument.Parse(json).RootElement;
        var properties = message.TryGetProperty("properties", out var found) ? found : default;
        return new Received(
            message.GetProperty("topic").GetString()!,
            message.GetProperty("qos").GetInt32(),
            message.GetProperty("retain").GetInt32() != 0,
            message.GetProperty("payload").GetString() ?? "",
            Text(properties, "content-type"),
            properties.ValueKind == JsonValueKind.Object && properties.TryGetProperty("user-properties", out var user) ? Text(user, "schema") : null,
            properties.ValueKind == JsonValueKind.Object && properties.TryGetProperty("message-expiry-interval", out var expiry) ? expiry.GetInt32() : null,
            Text(properties, "response-topic"),
            Text(properties, "correlation-data"));
    }

    private static string? Text(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) ? value.GetString() : null;
}

/// <summary>Asks again until it is so.</summary>
internal static class Eventually
{
    internal static void True(Func<bool> condition, string otherwise, double withinS = 15)
    {
        var began = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(began).TotalSeconds < withinS, otherwise);
            Thread.Sleep(5);
        }
    }
}
