using Forecast.Pipeline.Memory;
using Forecast.Pipeline.Publishing.Wire;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Telemetry;
using Forecast.Pipeline.WhatIf;

namespace Forecast.Pipeline.Publishing.Messages;

/// <summary>A message's content bound to its description, so that one place can hand it to either encoding.</summary>
internal interface IMessage
{
    void WriteTo<TWriter>(ref TWriter writer)
        where TWriter : struct, IMessageWriter;
}

internal readonly record struct SceneOf(MessageConstants Constants, ZlibEncoder? Zlib, SceneForecast Forecast, MessageStamp Stamp) : IMessage
{
    public void WriteTo<TWriter>(ref TWriter writer)
        where TWriter : struct, IMessageWriter => SceneMessage.Write(ref writer, Constants, Zlib, Forecast, Stamp);
}

internal readonly record struct RiskOf(MessageConstants Constants, SceneForecast Forecast, MessageStamp Stamp) : IMessage
{
    public void WriteTo<TWriter>(ref TWriter writer)
        where TWriter : struct, IMessageWriter => RiskMessage.Write(ref writer, Constants, Forecast, Stamp);
}

internal readonly record struct RiskEventOf(MessageConstants Constants, SceneForecast Forecast, AlarmEvent Alarm, MessageStamp Stamp) : IMessage
{
    public void WriteTo<TWriter>(ref TWriter writer)
        where TWriter : struct, IMessageWriter => RiskMessage.WriteEvent(ref writer, Constants, Forecast, Alarm, Stamp);
}

internal readonly record struct SurpriseEventOf(MessageConstants Constants, SceneForecast Forecast, SurpriseEvent Event, MessageStamp Stamp) : IMessage
{
    public void WriteTo<TWriter>(ref TWriter writer)
        where TWriter : struct, IMessageWriter => SurpriseMessage.WriteEvent(ref writer, Constants, Forecast, Event, Stamp);
}

internal readonly record struct MemoryEventOf(MessageConstants Constants, SceneForecast Forecast, NoveltyEvent Event, MessageStamp Stamp) : IMessage
{
    public void WriteTo<TWriter>(ref TWriter writer)
        where TWriter : struct, IMessageWriter => MemoryMessage.WriteEvent(ref writer, Constants, Forecast, Event, Stamp);
}

internal readonly record struct PlanOf(MessageConstants Constants, PlanMessage Plan, SceneForecast Forecast, MessageStamp Stamp) : IMessage
{
    public void WriteTo<TWriter>(ref TWriter writer)
        where TWriter : struct, IMessageWriter => Plan.Write(ref writer, Constants, Forecast, Stamp);
}

internal readonly record struct PlanAnswerOf(MessageConstants Constants, PlanAnswer Answer, MessageStamp Stamp) : IMessage
{
    public void WriteTo<TWriter>(ref TWriter writer)
        where TWriter : struct, IMessageWriter => PlanAnswerMessage.Write(ref writer, Constants, Answer, Stamp);
}

internal readonly record struct HealthOf(MessageConstants Constants, HealthReport Report, MessageStamp Stamp) : IMessage
{
    public void WriteTo<TWriter>(ref TWriter writer)
        where TWriter : struct, IMessageWriter => HealthMessage.Write(ref writer, Constants, Report, Stamp);
}

internal readonly record struct LatencyOf(MessageConstants Constants, LatencyReport Report, MessageStamp Stamp) : IMessage
{
    public void WriteTo<TWriter>(ref TWriter writer)
        where TWriter : struct, IMessageWriter => LatencyMessage.Write(ref writer, Constants, Report, Stamp);
}

internal readonly record struct StatusOf(MessageConstants Constants, StatusState State, byte[] Reason, MessageStamp Stamp) : IMessage
{
    public void WriteTo<TWriter>(ref TWriter writer)
        where TWriter : struct, IMessageWriter => StatusMessage.Write(ref writer, Constants, State, Reason, Stamp);
}

internal readonly record struct ModelOf(MessageConstants Constants, MessageStamp Stamp) : IMessage
{
    public void WriteTo<TWriter>(ref TWriter writer)
        where TWriter : struct, IMessageWriter => ModelMessage.Write(ref writer, Constants, Stamp);
}

internal readonly record struct RigOf(MessageConstants Constants, MessageStamp Stamp) : IMessage
{
    public void WriteTo<TWriter>(ref TWriter writer)
        where TWriter : struct, IMessageWriter => RigMessage.Write(ref writer, Constants, Stamp);
}
