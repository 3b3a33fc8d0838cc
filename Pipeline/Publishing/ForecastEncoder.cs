using System.Text.Encodings.Web;
using System.Text.Json;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing.Messages;
using Forecast.Pipeline.Publishing.Wire;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Telemetry;
using Forecast.Pipeline.WhatIf;

namespace Forecast.Pipeline.Publishing;

/// <summary>
/// Forecasts and reports into the messages of forecast.proto, as JSON or protobuf. One thread at a time; each span is valid until the
/// next call. After the first few messages nothing is allocated, but for <see cref="Status"/>, <see cref="Model"/>, <see cref="Rig"/> and <see cref="PlanResponse"/>.
/// </summary>
public sealed class ForecastEncoder : IDisposable
{
    /// <summary>The schema's name; grows only in <see cref="SchemaRevision"/> unless its meaning changes.</summary>
    public const string Schema = "forecast.v1";

    /// <summary>How often fields were added to the schema.</summary>
    public const uint SchemaRevision = 3;

    private readonly MessageBuffer _buffer = new();
    private readonly MessageConstants _constants;
    private readonly MessageEncoding _encoding;
    private readonly Utf8JsonWriter _json;
    private readonly PlanMessage _plan;
    private readonly ZlibEncoder _zlib;

    /// <exception cref="ArgumentException">The identity lacks a vehicle, a clock or a source.</exception>
    public ForecastEncoder(ModelManifest manifest, Rig rig, MessageIdentity identity, MessageEncoding encoding)
    {
        _constants = new MessageConstants(manifest, rig, identity);
        _encoding = encoding;
        _plan = new PlanMessage(manifest.HorizonsS.Count);
        _zlib = new ZlibEncoder(manifest.OccupancyClasses.Count * manifest.Grid.SizeX * manifest.Grid.SizeY);

        // The descriptions are tested against the schema, so the writer need not check their structure again; relaxed, because
        // nobody pastes these messages into HTML, and names in other scripts stay readable.
        var options = new JsonWriterOptions { SkipValidation = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        _json = new Utf8JsonWriter(_buffer, options);
    }

    /// <summary>For MQTT 5's content type.</summary>
    public string ContentType => _encoding == MessageEncoding.Json ? "application/json" : "application/x-protobuf";

    public ReadOnlySpan<byte> Scene(SceneForecast forecast, in MessageStamp stamp) => Write(new SceneOf(_constants, _zlib, forecast, stamp));

    public ReadOnlySpan<byte> Risk(SceneForecast forecast, in MessageStamp stamp) => Write(new RiskOf(_constants, forecast, stamp));

    public ReadOnlySpan<byte> Plan(SceneForecast forecast, in MessageStamp stamp) => Write(new PlanOf(_constants, _plan, forecast, stamp));

    /// <summary>What is said to a plan request.</summary>
    public ReadOnlySpan<byte> PlanResponse(PlanAnswer answer, in MessageStamp stamp) => Write(new PlanAnswerOf(_constants, answer, stamp));

    /// <exception cref="InvalidOperationException">The forecast is no edge, or its alarm is not there.</exception>
    public ReadOnlySpan<byte> RiskEvent(SceneForecast forecast, in MessageStamp stamp)
    {
        if (forecast.Edge == AlarmEdge.None || forecast.Alarm is not { } alarm)
        {
            throw new InvalidOperationException("only a forecast that is an alarm's edge, with its alarm, makes a risk event");
        }

        return Write(new RiskEventOf(_constants, forecast, alarm, stamp));
    }

    /// <exception cref="InvalidOperationException">The forecast brings no edge of surprise, or its event is not there.</exception>
    public ReadOnlySpan<byte> SurpriseEvent(SceneForecast forecast, in MessageStamp stamp)
    {
        if (forecast.SurpriseEdge == AlarmEdge.None || forecast.SurpriseEvent is not { } surprise)
        {
            throw new InvalidOperationException("only a forecast that brings an edge of surprise, with its event, makes a surprise event");
        }

        return Write(new SurpriseEventOf(_constants, forecast, surprise, stamp));
    }

    /// <exception cref="InvalidOperationException">The forecast brings no edge of a new scene, or its event is not there.</exception>
    public ReadOnlySpan<byte> MemoryEvent(SceneForecast forecast, in MessageStamp stamp)
    {
        if (forecast.NoveltyEdge == AlarmEdge.None || forecast.NoveltyEvent is not { } novelty)
        {
            throw new InvalidOperationException("only a forecast that brings an edge of a new scene, with its event, makes a memory event");
        }

        return Write(new MemoryEventOf(_constants, forecast, novelty, stamp));
    }

    public ReadOnlySpan<byte> Health(HealthReport report, in MessageStamp stamp) => Write(new HealthOf(_constants, report, stamp));

    public ReadOnlySpan<byte> Latency(LatencyReport report, in MessageStamp stamp) => Write(new LatencyOf(_constants, report, stamp));

    /// <param name="reason">A stable code; in the last will "last_will".</param>
    /// <exception cref="ArgumentException">The state is unspecified.</exception>
    public ReadOnlySpan<byte> Status(StatusState state, string reason, in MessageStamp stamp) =>
        Write(new StatusOf(_constants, state, MessageConstants.Utf8(reason), stamp));

    public ReadOnlySpan<byte> Model(in MessageStamp stamp) => Write(new ModelOf(_constants, stamp));

    public ReadOnlySpan<byte> Rig(in MessageStamp stamp) => Write(new RigOf(_constants, stamp));

    public void Dispose() => _json.Dispose();

    private ReadOnlySpan<byte> Write<TMessage>(scoped in TMessage message)
        where TMessage : struct, IMessage
    {
        _buffer.Clear();
        if (_encoding == MessageEncoding.Protobuf)
        {
            var protobuf = new ProtobufMessageWriter(_buffer);
            message.WriteTo(ref protobuf);
            return _buffer.Written;
        }

        _json.Reset();
        _json.WriteStartObject();
        var json = new JsonMessageWriter(_json);
        message.WriteTo(ref json);
        _json.WriteEndObject();
        _json.Flush();
        return _buffer.Written;
    }
}
