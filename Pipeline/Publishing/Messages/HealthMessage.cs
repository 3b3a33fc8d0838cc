using Forecast.Pipeline.Publishing.Wire;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Telemetry;

namespace Forecast.Pipeline.Publishing.Messages;

/// <summary>The pipeline's own account of itself.</summary>
internal static class HealthMessage
{
    public static void Write<TWriter>(ref TWriter writer, MessageConstants constants, HealthReport report, in MessageStamp stamp)
        where TWriter : struct, IMessageWriter
    {
        EnvelopeMessage.WriteOnceASecond(ref writer, constants, stamp);
        var state = report.State == HealthState.Unspecified ? HealthState.Fault : report.State;
        writer.Enum(2, "state"u8, (int)state, Codes.Of(state));
        WriteReasons(ref writer, report);
        writer.OpenList("cameras"u8);
        for (var i = 0; i < report.Cameras.Length; i++)
        {
            var item = writer.OpenItem(4);
            WriteCamera(ref writer, constants.Cameras[i], report.Cameras[i], report.Ledger.Cameras[i]);
            writer.CloseItem(item);
        }

        writer.CloseList();
        writer.Bool(5, "broker_connected"u8, report.BrokerConnected);
        writer.UInt32(6, "frame_queue"u8, (uint)report.FrameQueue);
        writer.UInt32(7, "publish_queue"u8, (uint)report.PublishQueue);
        writer.Double(8, "wall_clock_offset_ms"u8, report.WallClockOffset.TotalMilliseconds);
        WriteFrameSets(ref writer, report.Ledger);
    }

    private static void WriteReasons<TWriter>(ref TWriter writer, HealthReport report)
        where TWriter : struct, IMessageWriter
    {
        Span<byte> utf8 = stackalloc byte[256];
        writer.OpenList("reasons"u8);
        foreach (var reason in report.Reasons)
        {
            System.Text.Unicode.Utf8.FromUtf16(reason, utf8, out _, out var length); // a code longer than the space is cut
            writer.TextItem(3, utf8[..length]);
        }

        if (report.State == HealthState.Unspecified)
        {
            writer.TextItem(3, "state_not_stated"u8);
        }

        writer.CloseList();
    }

    private static void WriteCamera<TWriter>(ref TWriter writer, ReadOnlySpan<byte> name, CameraHealth camera, FrameCounts counts)
        where TWriter : struct, IMessageWriter
    {
        writer.Text(1, "name"u8, name);
        writer.Enum(2, "state"u8, (int)camera.State + 1, Codes.StateOf(camera.State));
        writer.SingleOr(3, "rate_hz"u8, camera.RateHz, "no_frame_yet"u8);
        writer.SingleOr(5, "age_s"u8, camera.AgeS, "no_frame_yet"u8);
        writer.SingleOr(7, "skew_s"u8, camera.SkewS, "no_frame_set_yet"u8);
        writer.UInt64(9, "captured"u8, (ulong)counts.Captured);
        writer.UInt64(10, "used"u8, (ulong)counts.Used);
        writer.UInt64(11, "in_flight"u8, (ulong)(counts.Captured - counts.Used - Total(counts.Dropped)));
        WriteDrops(ref writer, 12, counts.Dropped);
    }

    private static void WriteFrameSets<TWriter>(ref TWriter writer, LedgerCopy ledger)
        where TWriter : struct, IMessageWriter
    {
        var mark = writer.Open(9, "frame_sets"u8);
        writer.UInt64(1, "due"u8, (ulong)ledger.Due);
        writer.UInt64(2, "formed"u8, (ulong)ledger.Formed);
        writer.UInt64(3, "published"u8, (ulong)ledger.Published);
        writer.UInt64(4, "on_time"u8, (ulong)ledger.OnTime);
        writer.UInt64(5, "in_flight"u8, (ulong)(ledger.Formed - ledger.Published - Total(ledger.SetDrops)));
        WriteDrops(ref writer, 6, ledger.SetDrops);
        writer.Close(mark);
    }

    private static void WriteDrops<TWriter>(ref TWriter writer, int field, long[] dropped)
        where TWriter : struct, IMessageWriter
    {
        writer.OpenList("dropped"u8);
        for (var reason = 0; reason < dropped.Length; reason++)
        {
            if (dropped[reason] > 0)
            {
                var item = writer.OpenItem(field);
                writer.Text(1, "reason"u8, Codes.Drops[reason]);
                writer.UInt64(2, "count"u8, (ulong)dropped[reason]);
                writer.CloseItem(item);
            }
        }

        writer.CloseList();
    }

    private static long Total(long[] counts)
    {
        var total = 0L;
        foreach (var count in counts)
        {
            total += count;
        }

        return total;
    }
}
