using Forecast.Pipeline.Publishing.Wire;
using Forecast.Pipeline.Risk;

namespace Forecast.Pipeline.Publishing.Messages;

/// <summary>How likely a collision is under manoeuvre 0, every tick, and the edges of an alarm.</summary>
internal static class RiskMessage
{
    public static void Write<TWriter>(ref TWriter writer, MessageConstants constants, SceneForecast forecast, in MessageStamp stamp)
        where TWriter : struct, IMessageWriter
    {
        EnvelopeMessage.Write(ref writer, constants, forecast, stamp);
        writer.EnumOr(2, "given"u8, (int)forecast.Given, Codes.Of(forecast.Given), "not_stated"u8);
        writer.Text(4, "collision_definition"u8, constants.CollisionDefinition);
        WriteHorizons(ref writer, 5, constants, forecast);
        WriteBound(ref writer, 6, constants, forecast);
        WriteLevel(ref writer, 7, forecast, stamp);
        writer.Double(8, "level_horizon_s"u8, constants.Manifest.LevelsFor(forecast.EgoOrigin).HorizonS);
        if (forecast.Alarm is { } alarm && forecast.Edge != AlarmEdge.Falling)
        {
            WriteAlarm(ref writer, 9, alarm);
        }
        else
        {
            writer.Absent(9, "alarm"u8, "none_stands"u8);
        }

        WriteWhenAndWhere(ref writer, 11, constants, forecast);
    }

    public static void WriteEvent<TWriter>(ref TWriter writer, MessageConstants constants, SceneForecast forecast, AlarmEvent alarm, in MessageStamp stamp)
        where TWriter : struct, IMessageWriter
    {
        EnvelopeMessage.Write(ref writer, constants, forecast, stamp);
        writer.Enum(2, "edge"u8, (int)forecast.Edge, Codes.Of(forecast.Edge));
        WriteAlarm(ref writer, 3, alarm);
        WriteLevel(ref writer, 4, forecast, stamp);
        writer.EnumOr(5, "given"u8, (int)forecast.Given, Codes.Of(forecast.Given), "not_stated"u8);
        writer.Text(7, "collision_definition"u8, constants.CollisionDefinition);
        WriteHorizons(ref writer, 8, constants, forecast);
        WriteBound(ref writer, 9, constants, forecast);
        WriteWhenAndWhere(ref writer, 10, constants, forecast);
    }

    private static void WriteLevel<TWriter>(ref TWriter writer, int field, SceneForecast forecast, in MessageStamp stamp)
        where TWriter : struct, IMessageWriter
    {
        var verdict = writer.CanonicalOnly ? Verdict.AsJudged(forecast) : Verdict.AsSent(forecast, stamp.PublishTime);
        var level = verdict.Level(forecast);
        writer.Enum(field, "level"u8, (int)level, Codes.Of(level));
    }

    private static void WriteHorizons<TWriter>(ref TWriter writer, int field, MessageConstants constants, SceneForecast forecast)
        where TWriter : struct, IMessageWriter
    {
        var imagined = forecast.Manoeuvres > 0;
        writer.OpenList("horizons"u8);
        for (var k = 0; k < forecast.Horizons; k++)
        {
            var item = writer.OpenItem(field);
            writer.Double(1, "horizon_s"u8, constants.HorizonsS[k]);
            writer.SingleOr(2, "probability"u8, imagined ? forecast.Probability[k] : float.NaN, "not_imagined"u8);
            writer.SingleOr(4, "upper_bound"u8, imagined ? forecast.UpperBound[k] : float.NaN, "not_calibrated"u8);
            writer.CloseItem(item);
        }

        writer.CloseList();
    }

    internal static void WriteBound<TWriter>(ref TWriter writer, int field, MessageConstants constants, SceneForecast forecast)
        where TWriter : struct, IMessageWriter
    {
        var bound = constants.Manifest.Calibration.UpperBoundFor(forecast.EgoOrigin);
        var guarantee = forecast.Guarantee == BoundGuarantee.Unspecified ? BoundGuarantee.NotEstablished : forecast.Guarantee;
        var mark = writer.Open(field, "bound"u8);
        writer.Text(1, "method"u8, forecast.EgoOrigin == EgoOrigin.Estimated ? constants.BoundMethodEgoEstimated : constants.BoundMethod);
        writer.Double(2, "alpha"u8, bound.Alpha);
        writer.UInt32(3, "n"u8, (uint)bound.SampleCount);
        writer.Enum(4, "guarantee"u8, (int)guarantee, Codes.Of(guarantee));
        writer.OpenList("guarantee_reasons"u8);
        if (guarantee == BoundGuarantee.NotEstablished)
        {
            writer.TextItem(5, "not_calibrated_on_this_rig"u8);
        }
        else if (guarantee == BoundGuarantee.Suspended)
        {
            WriteSuspension(ref writer, forecast.Reasons);
        }

        writer.CloseList();
        writer.Close(mark);
    }

    private static void WriteSuspension<TWriter>(ref TWriter writer, DegradedReasons reasons)
        where TWriter : struct, IMessageWriter
    {
        for (var bit = 0; bit < Codes.Degraded.Length; bit++)
        {
            if (((int)reasons & (1 << bit)) != 0)
            {
                writer.TextItem(5, Codes.Degraded[bit]);
            }
        }

        if (reasons == DegradedReasons.None)
        {
            writer.TextItem(5, "not_stated"u8);
        }
    }

    private static void WriteAlarm<TWriter>(ref TWriter writer, int field, AlarmEvent alarm)
        where TWriter : struct, IMessageWriter
    {
        var mark = writer.Open(field, "alarm"u8);
        if (!writer.CanonicalOnly)
        {
            Span<byte> id = stackalloc byte[36];
            alarm.Id.TryFormat(id, out _, "D");
            writer.Text(1, "event_id"u8, id);
        }

        writer.Int64(2, "risen_ns"u8, alarm.Risen.Nanoseconds);
        writer.SingleOr(3, "peak_probability"u8, alarm.PeakProbability, "not_imagined"u8);
        writer.Close(mark);
    }

    /// <summary>Time to collision, sector and camera: six fields of the schema from <paramref name="field"/> on.</summary>
    private static void WriteWhenAndWhere<TWriter>(ref TWriter writer, int field, MessageConstants constants, SceneForecast forecast)
        where TWriter : struct, IMessageWriter
    {
        var imagined = forecast.Manoeuvres > 0;
        var absent = imagined ? "not_likely_within_the_last_horizon"u8 : "not_imagined"u8;
        writer.SingleOr(field, "time_to_collision_s"u8, imagined ? forecast.TimeToCollisionS : float.NaN, absent);
        writer.EnumOr(field + 2, "sector"u8, (int)forecast.Sector, Codes.Of(forecast.Sector), "not_attributed"u8);
        if ((uint)forecast.HazardCamera < (uint)constants.Cameras.Length)
        {
            writer.Text(field + 4, "camera"u8, constants.Cameras[forecast.HazardCamera]);
        }
        else
        {
            writer.Absent(field + 4, "camera"u8, "no_hazard_to_see"u8);
        }
    }
}
