using System.Text;
using System.Text.Json;
using Forecast.Pipeline.Memory;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Google.Protobuf;
using Proto = Forecast.V1;

namespace Forecast.Pipeline.Tests.Publishing;

/// <summary>What is sent, as the reference implementation of protobuf and of its JSON reads it.</summary>
public sealed class ForecastEncoderTests
{
    private static readonly JsonParser Json = new(JsonParser.Settings.Default);

    public static TheoryData<string> Kinds => [.. Messages.Keys];

    public static TheoryData<string, MessageEncoding> Often
    {
        get
        {
            var rows = new TheoryData<string, MessageEncoding>();
            foreach (var kind in new[] { "scene", "risk", "risk/event", "surprise/event", "plan", "health", "latency" })
            {
                rows.Add(kind, MessageEncoding.Json);
                rows.Add(kind, MessageEncoding.Protobuf);
            }

            return rows;
        }
    }

    private static Dictionary<string, (MessageParser Parser, Func<ForecastEncoder, SceneForecast, byte[]> Encode)> Messages { get; } = new()
    {
        ["scene"] = (Proto.Scene.Parser, (encoder, forecast) => encoder.Scene(forecast, ForecastSamples.Stamp).ToArray()),
        ["risk"] = (Proto.Risk.Parser, (encoder, forecast) => encoder.Risk(forecast, ForecastSamples.Stamp).ToArray()),
        ["risk/event"] = (Proto.RiskEvent.Parser, EncodeEvent),
        ["surprise/event"] = (Proto.SurpriseEvent.Parser, EncodeSurprise),
        ["plan"] = (Proto.Plan.Parser, (encoder, forecast) => encoder.Plan(forecast, ForecastSamples.Stamp).ToArray()),
        ["health"] = (Proto.Health.Parser, (encoder, _) => encoder.Health(ForecastSamples.Health(), ForecastSamples.Stamp).ToArray()),
        ["latency"] = (Proto.Latency.Parser, (encoder, _) => encoder.Latency(ForecastSamples.Latency(), ForecastSamples.Stamp).ToArray()),
        ["status"] = (Proto.Status.Parser, (encoder, _) => encoder.Status(StatusState.Offline, "last_will", ForecastSamples.Stamp).ToArray()),
        ["model"] = (Proto.Model.Parser, (encoder, _) => encoder.Model(ForecastSamples.Stamp).ToArray()),
        ["rig"] = (Proto.Rig.Parser, (encoder, _) => encoder.Rig(ForecastSamples.Stamp).ToArray()),
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Encode_AnyForecast_BothEncodingsReadAsTheSameMessage(string kind)
    {
        var (parser, encode) = Messages[kind];
        using var protobuf = Encoder(MessageEncoding.Protobuf);
        using var json = Encoder(MessageEncoding.Json);
        for (var seed = 0; seed < 60; seed++)
        {
            var forecast = ForecastSamples.Any(seed);
            var bytes = encode(protobuf, forecast);
            var text = Encoding.UTF8.GetString(encode(json, forecast));
            var message = parser.ParseFrom(bytes);
            var fromJson = Json.Parse(text, message.Descriptor);
            Assert.Equal(message, fromJson);
            Assert.Equal(Convert.ToHexString(message.ToByteArray()), Convert.ToHexString(bytes));
            Assert.DoesNotContain("\"NaN\"", text);
            Assert.DoesNotContain("Infinity\"", text);
            Assert.DoesNotContain("UNSPECIFIED", text);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Encode_AnyForecast_KeepsTheSchemasRules(string kind)
    {
        var (parser, encode) = Messages[kind];
        using var encoder = Encoder(MessageEncoding.Protobuf);
        for (var seed = 0; seed < 60; seed++)
        {
            Assert.Empty(SchemaRules.Breaches(parser.ParseFrom(encode(encoder, ForecastSamples.Any(seed)))));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Json_EveryMessage_NamesFieldsAsTheSchemaAndGives64BitIntegersAsStrings(string kind)
    {
        var (parser, encode) = Messages[kind];
        using var encoder = Encoder(MessageEncoding.Json);
        using var document = JsonDocument.Parse(encode(encoder, ForecastSamples.Complete()));
        AssertShape(document.RootElement, parser.ParseFrom([]).Descriptor);
    }

    [Fact]
    public void RiskEvent_WithoutAnEdge_IsRefused()
    {
        var forecast = ForecastSamples.Complete();
        forecast.Edge = AlarmEdge.None;
        using var encoder = Encoder(MessageEncoding.Json);
        Assert.Throws<InvalidOperationException>(() => encoder.RiskEvent(forecast, ForecastSamples.Stamp).ToArray());
    }

    [Theory]
    [MemberData(nameof(Often))]
    public void Encode_AfterWarmUp_AllocatesNothing(string kind, MessageEncoding encoding)
    {
        using var encoder = Encoder(encoding);
        var forecast = ForecastSamples.Complete();
        var health = ForecastSamples.Health();
        var latency = ForecastSamples.Latency();
        var stamp = ForecastSamples.Stamp;
        var bytes = 0L;

        Assert.Equal(0, SteadyState.Allocated(() =>
        {
            for (var i = 0; i < 100; i++)
            {
                bytes += kind switch
                {
                    "scene" => encoder.Scene(forecast, stamp).Length,
                    "risk" => encoder.Risk(forecast, stamp).Length,
                    "risk/event" => encoder.RiskEvent(forecast, stamp).Length,
                    "surprise/event" => encoder.SurpriseEvent(forecast, stamp).Length,
                    "plan" => encoder.Plan(forecast, stamp).Length,
                    "health" => encoder.Health(health, stamp).Length,
                    _ => encoder.Latency(latency, stamp).Length,
                };
            }
        }));
        Assert.NotEqual(0, bytes);
    }

    private static ForecastEncoder Encoder(MessageEncoding encoding) => new(ForecastSamples.Manifest, ForecastSamples.Rig, ForecastSamples.Identity, encoding);

    private static byte[] EncodeEvent(ForecastEncoder encoder, SceneForecast forecast)
    {
        forecast.Alarm ??= new AlarmEvent(Guid.Empty, default);
        forecast.Edge = forecast.Edge == AlarmEdge.None ? AlarmEdge.Falling : forecast.Edge;
        return encoder.RiskEvent(forecast, ForecastSamples.Stamp).ToArray();
    }

    private static byte[] EncodeSurprise(ForecastEncoder encoder, SceneForecast forecast)
    {
        forecast.SurpriseEvent ??= new SurpriseEvent(Guid.Empty, default);
        forecast.SurpriseEdge = forecast.SurpriseEdge == AlarmEdge.None ? AlarmEdge.Falling : forecast.SurpriseEdge;
        return encoder.SurpriseEvent(forecast, ForecastSamples.Stamp).ToArray();
    }

    private static void AssertShape(JsonElement element, Google.Protobuf.Reflection.MessageDescriptor descriptor)
    {
        foreach (var property in element.EnumerateObject())
        {
            var field = descriptor.FindFieldByName(property.Name);
            Assert.True(field is not null, $"{descriptor.Name} has no field {property.Name}");
            var items = field.IsRepeated ? [.. property.Value.EnumerateArray()] : new[] { property.Value };
            foreach (var item in items)
            {
                var expected = field.FieldType switch
                {
                    Google.Protobuf.Reflection.FieldType.Message => JsonValueKind.Object,
                    Google.Protobuf.Reflection.FieldType.Bool => item.ValueKind is JsonValueKind.True ? JsonValueKind.True : JsonValueKind.False,
                    Google.Protobuf.Reflection.FieldType.Float or Google.Protobuf.Reflection.FieldType.Double or Google.Protobuf.Reflection.FieldType.UInt32 => JsonValueKind.Number,
                    _ => JsonValueKind.String,
                };
                Assert.True(item.ValueKind == expected, $"{descriptor.Name}.{property.Name} is {item.ValueKind}, not {expected}");
                if (expected == JsonValueKind.Object)
                {
                    AssertShape(item, field.MessageType);
                }
            }
        }
    }
}
