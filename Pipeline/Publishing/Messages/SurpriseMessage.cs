using Forecast.Pipeline.Memory;
using Forecast.Pipeline.Publishing.Wire;

namespace Forecast.Pipeline.Publishing.Messages;

/// <summary>What was forecast against what came: part of every scene, and the edges of surprise.</summary>
internal static class SurpriseMessage
{
    /// <summary>The reading in <paramref name="field"/>, or the reason why there is none.</summary>
    public static void Write<TWriter>(ref TWriter writer, int field, MessageConstants constants, SceneForecast forecast)
        where TWriter : struct, IMessageWriter
    {
        var reading = forecast.Surprise;
        if (reading.Moment is not { } moment)
        {
            var gap = reading.Gap == SurpriseGap.None ? SurpriseGap.NoHistory : reading.Gap;
            writer.Absent(field, "surprise"u8, Codes.Gaps[(int)gap]);
            return;
        }

        var mark = writer.Open(field, "surprise"u8);
        writer.Single(1, "score"u8, reading.Overall);
        writer.Double(2, "age_s"u8, forecast.Reference.SecondsSince(moment));
        writer.Single(3, "threshold"u8, reading.Threshold);
        writer.Bool(4, "surprised"u8, reading.Surprised);
        writer.OpenList("horizons"u8);
        for (var k = 0; k < reading.Looks; k++)
        {
            var item = writer.OpenItem(5);
            writer.Double(1, "horizon_s"u8, constants.HorizonsS[k]);
            writer.SingleOr(2, "error"u8, reading.Error[k], "not_compared"u8);
            writer.SingleOr(4, "score"u8, reading.Score[k], "not_compared"u8);
            writer.CloseItem(item);
        }

        writer.CloseList();
        writer.Text(6, "newer_missing"u8, reading.Gap == SurpriseGap.None ? default : Codes.Gaps[(int)reading.Gap]);
        if (!writer.CanonicalOnly)
        {
            writer.UInt64(7, "shed"u8, (ulong)reading.Shed);
        }

        writer.SingleOr(8, "own_motion"u8, reading.OwnMotion, "not_compared"u8);
        writer.Close(mark);
    }

    public static void WriteEvent<TWriter>(ref TWriter writer, MessageConstants constants, SceneForecast forecast, SurpriseEvent surprise, in MessageStamp stamp)
        where TWriter : struct, IMessageWriter
    {
        EnvelopeMessage.Write(ref writer, constants, forecast, stamp);
        writer.Enum(2, "edge"u8, (int)forecast.SurpriseEdge, Codes.Of(forecast.SurpriseEdge));
        if (!writer.CanonicalOnly)
        {
            Span<byte> id = stackalloc byte[36];
            surprise.Id.TryFormat(id, out _, "D");
            writer.Text(3, "event_id"u8, id);
        }

        writer.Int64(4, "risen_ns"u8, surprise.Risen.Nanoseconds);
        writer.SingleOr(5, "peak_score"u8, surprise.PeakScore, "not_compared"u8);
        Write(ref writer, 7, constants, forecast);
    }
}
