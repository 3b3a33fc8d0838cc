using Forecast.Pipeline.Publishing.Wire;
using Forecast.Pipeline.Telemetry;

namespace Forecast.Pipeline.Publishing.Messages;

/// <summary>How long each stage took.</summary>
internal static class LatencyMessage
{
    public static void Write<TWriter>(ref TWriter writer, MessageConstants constants, LatencyReport report, in MessageStamp stamp)
        where TWriter : struct, IMessageWriter
    {
        EnvelopeMessage.WriteOnceASecond(ref writer, constants, stamp);
        writer.Double(2, "window_s"u8, report.Window.TotalSeconds);
        writer.Double(3, "budget_ms"u8, report.Budget.TotalMilliseconds);
        WriteFigures(ref writer, 4, "capture_to_publish"u8, report.CaptureToPublish);
        writer.OpenList("stages"u8);
        for (var stage = 0; stage < StageTimes.Count; stage++)
        {
            var item = writer.OpenItem(5);
            writer.Text(1, "stage"u8, Codes.CodeOf((Stage)stage));
            WriteFigures(ref writer, 2, "figures"u8, report.Stages[stage]);
            writer.CloseItem(item);
        }

        writer.CloseList();
        if (report.CriticalStage is { } critical)
        {
            writer.Text(6, "critical_stage"u8, Codes.CodeOf(critical));
        }
        else
        {
            writer.Absent(6, "critical_stage"u8, "nothing_measured"u8);
        }

        if ((uint)report.CriticalCamera < (uint)constants.Cameras.Length)
        {
            writer.Text(8, "critical_camera"u8, constants.Cameras[report.CriticalCamera]);
        }
        else
        {
            writer.Absent(8, "critical_camera"u8, "nothing_measured"u8);
        }
    }

    private static void WriteFigures<TWriter>(ref TWriter writer, int field, ReadOnlySpan<byte> name, in LatencyFigures figures)
        where TWriter : struct, IMessageWriter
    {
        var mark = writer.Open(field, name);
        writer.UInt64(1, "count"u8, (ulong)figures.Count);
        writer.DoubleOr(2, "p50_ms"u8, figures.P50Ms, "nothing_measured"u8);
        writer.DoubleOr(4, "p99_ms"u8, figures.P99Ms, "nothing_measured"u8);
        writer.DoubleOr(6, "max_ms"u8, figures.MaxMs, "nothing_measured"u8);
        writer.Close(mark);
    }
}
