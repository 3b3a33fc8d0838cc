using System.Text.Unicode;
using Forecast.Pipeline.Publishing.Wire;

namespace Forecast.Pipeline.Publishing.Messages;

/// <summary>What the episodic memory says: part of every scene.</summary>
internal static class MemoryMessage
{
    /// <summary>Longer names of drives are cut: bytes of UTF-8.</summary>
    private const int LongestName = 256;

    public static void Write<TWriter>(ref TWriter writer, int field, in SeenBefore seen)
        where TWriter : struct, IMessageWriter
    {
        if (seen.Gap != SeenBeforeGap.None)
        {
            writer.Absent(field, "seen_before"u8, Codes.SeenBeforeGaps[(int)seen.Gap]);
            return;
        }

        var mark = writer.Open(field, "seen_before"u8);
        writer.Single(1, "similarity"u8, seen.Similarity);
        writer.UInt32(2, "kept"u8, (uint)seen.Kept);
        if (seen.Alike < 0)
        {
            writer.Absent(3, "count"u8, "not_calibrated"u8);
            writer.Absent(5, "risk_events"u8, "not_calibrated"u8);
        }
        else
        {
            writer.UInt32(3, "count"u8, (uint)seen.Alike);
            writer.UInt32(5, "risk_events"u8, (uint)seen.Events);
        }

        writer.SingleOr(7, "mean_risk_peak"u8, seen.Alike > 0 ? seen.MeanRiskPeak : float.NaN, seen.Alike < 0 ? "not_calibrated"u8 : "none_alike"u8);
        WriteNearest(ref writer, seen);
        writer.Bool(10, "is_new"u8, seen.IsNew);
        writer.Close(mark);
    }

    private static void WriteNearest<TWriter>(ref TWriter writer, in SeenBefore seen)
        where TWriter : struct, IMessageWriter
    {
        Span<byte> name = stackalloc byte[LongestName];
        Utf8.FromUtf16(seen.NearestDrive, name, out _, out var length); // as many whole characters as fit
        var mark = writer.Open(9, "nearest"u8);
        writer.Text(1, "drive"u8, name[..length]);
        writer.Int64(2, "time_ns"u8, seen.NearestMoment.Nanoseconds);
        writer.SingleOr(3, "risk_peak"u8, seen.NearestRiskPeak, "not_imagined"u8);
        writer.Bool(5, "risk_event"u8, seen.NearestEvent);
        writer.Close(mark);
    }
}
