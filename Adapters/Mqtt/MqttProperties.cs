using System.Globalization;

namespace Forecast.Adapters.Mqtt;

/// <summary>What MQTT 5 says beside a payload. Everything is optional but the schema version, which every message of ours carries.</summary>
public sealed record MqttProperties
{
    /// <summary>The user property that carries <see cref="SchemaVersion"/>.</summary>
    public const string SchemaProperty = "schema";

    /// <summary>For example "application/json".</summary>
    public string? ContentType { get; init; }

    /// <summary>For example "forecast.v1/1".</summary>
    public string? SchemaVersion { get; init; }

    /// <summary>Brokers count whole seconds: a part of one counts as one.</summary>
    public TimeSpan? Expiry { get; init; }

    public string? ResponseTopic { get; init; }

    public ReadOnlyMemory<byte> CorrelationData { get; init; }

    /// <summary>Beyond the schema version, in this order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> UserProperties { get; init; } = [];

    /// <summary>A list in the library's own memory, for the caller to free, or 0 when there is nothing to say.</summary>
    internal unsafe nint ToNative()
    {
        nint list = 0;
        try
        {
            if (ContentType is not null)
            {
                Check(LibMosquitto.AddString(&list, MqttPropertyId.ContentType, ContentType));
                if (ContentType.Contains("json", StringComparison.Ordinal))
                {
                    Check(LibMosquitto.AddByte(&list, MqttPropertyId.PayloadIsUtf8, 1));
                }
            }

            if (Expiry is { } expiry)
            {
                Check(LibMosquitto.AddInt32(&list, MqttPropertyId.MessageExpiry, (uint)Math.Ceiling(Math.Max(expiry.TotalSeconds, 1))));
            }

            if (ResponseTopic is not null)
            {
                Check(LibMosquitto.AddString(&list, MqttPropertyId.ResponseTopic, ResponseTopic));
            }

            if (!CorrelationData.IsEmpty)
            {
                fixed (byte* data = CorrelationData.Span)
                {
                    Check(LibMosquitto.AddBinary(&list, MqttPropertyId.CorrelationData, data, checked((ushort)CorrelationData.Length)));
                }
            }

            AddUserProperties(&list);
            return list;
        }
        catch
        {
            LibMosquitto.FreeProperties(&list);
            throw;
        }
    }

    private unsafe void AddUserProperties(nint* list)
    {
        if (SchemaVersion is not null)
        {
            Check(LibMosquitto.AddStringPair(list, MqttPropertyId.UserProperty, SchemaProperty, SchemaVersion));
        }

        foreach (var (name, value) in UserProperties)
        {
            Check(LibMosquitto.AddStringPair(list, MqttPropertyId.UserProperty, name, value));
        }
    }

    private static void Check(MosquittoCode code)
    {
        if (code != MosquittoCode.Success)
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture, $"an MQTT property was refused: {LibMosquitto.Describe(code, 0)}"));
        }
    }
}
