namespace Forecast.Adapters.Mqtt;

/// <summary>The broker of one's own.</summary>
public sealed record EmbeddedBrokerOptions
{
    /// <summary>0: a free port, the default.</summary>
    public int Port { get; init; }

    /// <summary>For browsers; 0: a free port, the default.</summary>
    public int WebSocketPort { get; init; }

    /// <summary>Until it listens, default 5 s.</summary>
    public TimeSpan StartLimit { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Between its death and the next start, default 0.2 s.</summary>
    public TimeSpan RestartDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The broker's program; null: mosquitto from PATH or the system's sbin folders.</summary>
    public string? Program { get; init; }

    /// <summary>Further lines for its configuration, for example listeners with TLS.</summary>
    public IReadOnlyList<string> ExtraConfiguration { get; init; } = [];
}

/// <summary>The broker of one's own cannot run: one line that says why and what to do.</summary>
public sealed class EmbeddedBrokerException(string message) : Exception(message);
