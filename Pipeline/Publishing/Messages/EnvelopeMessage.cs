using System.Buffers.Binary;
using Forecast.Pipeline.Publishing.Wire;

namespace Forecast.Pipeline.Publishing.Messages;

/// <summary>What every message carries.</summary>
internal static class EnvelopeMessage
{
    private static readonly TimeSpan OnceASecondValidity = TimeSpan.FromSeconds(3);

    /// <summary>Of a message about a frame set.</summary>
    public static void Write<TWriter>(ref TWriter writer, MessageConstants constants, SceneForecast forecast, in MessageStamp stamp)
        where TWriter : struct, IMessageWriter
    {
        var verdict = writer.CanonicalOnly ? Verdict.AsJudged(forecast) : Verdict.AsSent(forecast, stamp.PublishTime);
        var mark = writer.Open(1, "envelope"u8);
        WriteOrigin(ref writer, constants, stamp, forecast.Tick);
        writer.Int64(10, "valid_until_ns"u8, forecast.ValidUntil.Nanoseconds);
        if (!writer.CanonicalOnly)
        {
            writer.Double(12, "ttl_ms"u8, Milliseconds(forecast.ValidUntil.Nanoseconds - stamp.PublishTime.Nanoseconds));
        }

        writer.Enum(14, "validity"u8, (int)verdict.Validity, Codes.Of(verdict.Validity));
        WriteReasons(ref writer, verdict);
        WriteModel(ref writer, constants);
        var frameSet = writer.Open(20, "frame_set"u8);
        WriteFrameSet(ref writer, constants, forecast, stamp);
        writer.Close(frameSet);
        writer.Close(mark);
    }

    /// <summary>Of a message once a second, valid for three.</summary>
    public static void WriteOnceASecond<TWriter>(ref TWriter writer, MessageConstants constants, in MessageStamp stamp)
        where TWriter : struct, IMessageWriter
    {
        var mark = writer.Open(1, "envelope"u8);
        WriteOrigin(ref writer, constants, stamp, tick: -1);
        writer.Int64(10, "valid_until_ns"u8, (stamp.PublishTime + OnceASecondValidity).Nanoseconds);
        writer.Double(12, "ttl_ms"u8, OnceASecondValidity.TotalMilliseconds);
        WriteWithoutFrames(ref writer, constants);
        writer.Close(mark);
    }

    /// <summary>Of a retained message: it stands until the next one.</summary>
    public static void WriteRetained<TWriter>(ref TWriter writer, MessageConstants constants, in MessageStamp stamp)
        where TWriter : struct, IMessageWriter
    {
        var mark = writer.Open(1, "envelope"u8);
        WriteOrigin(ref writer, constants, stamp, tick: -1);
        writer.Absent(10, "valid_until_ns"u8, "until_replaced"u8);
        writer.Absent(12, "ttl_ms"u8, "until_replaced"u8);
        WriteWithoutFrames(ref writer, constants);
        writer.Close(mark);
    }

    /// <summary>Of a refusal, which says nothing about the world.</summary>
    public static void WriteRefusal<TWriter>(ref TWriter writer, MessageConstants constants, ReadOnlySpan<byte> reason, in MessageStamp stamp)
        where TWriter : struct, IMessageWriter
    {
        var mark = writer.Open(1, "envelope"u8);
        WriteOrigin(ref writer, constants, stamp, tick: -1);
        writer.Absent(10, "valid_until_ns"u8, "refused"u8);
        writer.Absent(12, "ttl_ms"u8, "refused"u8);
        writer.Enum(14, "validity"u8, (int)Validity.Invalid, Codes.Of(Validity.Invalid));
        writer.OpenList("validity_reasons"u8);
        writer.TextItem(15, reason);
        writer.CloseList();
        WriteModel(ref writer, constants);
        writer.Absent(20, "frame_set"u8, "not_about_a_frame_set"u8);
        writer.Close(mark);
    }

    private static void WriteWithoutFrames<TWriter>(ref TWriter writer, MessageConstants constants)
        where TWriter : struct, IMessageWriter
    {
        writer.Enum(14, "validity"u8, (int)Validity.Valid, Codes.Of(Validity.Valid));
        writer.OpenList("validity_reasons"u8);
        writer.CloseList();
        WriteModel(ref writer, constants);
        writer.Absent(20, "frame_set"u8, "not_about_a_frame_set"u8);
    }

    private static void WriteOrigin<TWriter>(ref TWriter writer, MessageConstants constants, in MessageStamp stamp, long tick)
        where TWriter : struct, IMessageWriter
    {
        writer.Text(1, "schema"u8, "forecast.v1"u8);
        writer.UInt32(2, "schema_revision"u8, ForecastEncoder.SchemaRevision);
        if (writer.CanonicalOnly)
        {
            return;
        }

        writer.Text(3, "vehicle"u8, constants.Vehicle);
        writer.Text(4, "session"u8, constants.SessionText);
        writer.UInt64(5, "sequence"u8, (ulong)stamp.Sequence);
        writer.Enum(6, "source"u8, (int)constants.Source, Codes.Of(constants.Source));
        Span<byte> trace = stackalloc byte[32];
        WriteTrace(trace, constants.Session, tick);
        writer.Text(7, "trace_id"u8, trace);
        writer.Text(8, "clock"u8, constants.Clock);
        writer.Int64(9, "publish_time_ns"u8, stamp.PublishTime.Nanoseconds);
    }

    private static void WriteModel<TWriter>(ref TWriter writer, MessageConstants constants)
        where TWriter : struct, IMessageWriter
    {
        writer.Text(16, "model"u8, constants.ModelName);
        writer.Text(17, "model_sha256"u8, constants.ModelSha256);
        if (!writer.CanonicalOnly)
        {
            writer.Text(18, "provider"u8, constants.Provider);
            writer.Text(19, "config_sha256"u8, constants.ConfigSha256);
        }
    }

    private static void WriteReasons<TWriter>(ref TWriter writer, Verdict verdict)
        where TWriter : struct, IMessageWriter
    {
        writer.OpenList("validity_reasons"u8);
        for (var bit = 0; bit < Codes.Degraded.Length; bit++)
        {
            if (((int)verdict.Reasons & (1 << bit)) != 0)
            {
                writer.TextItem(15, Codes.Degraded[bit]);
            }
        }

        if (verdict.Expired)
        {
            writer.TextItem(15, "expired"u8);
        }

        if (!verdict.Expired && verdict.Reasons == DegradedReasons.None && verdict.Validity != Validity.Valid)
        {
            writer.TextItem(15, "not_stated"u8);
        }

        writer.CloseList();
    }

    private static void WriteFrameSet<TWriter>(ref TWriter writer, MessageConstants constants, SceneForecast forecast, in MessageStamp stamp)
        where TWriter : struct, IMessageWriter
    {
        writer.UInt64(1, "tick"u8, (ulong)forecast.Tick);
        writer.Int64(2, "capture_first_ns"u8, forecast.CaptureFirst.Nanoseconds);
        writer.Int64(3, "capture_last_ns"u8, forecast.CaptureLast.Nanoseconds);
        writer.Int64(4, "reference_time_ns"u8, forecast.Reference.Nanoseconds);
        if (!writer.CanonicalOnly)
        {
            writer.Double(5, "age_ms"u8, Milliseconds(stamp.PublishTime.Nanoseconds - forecast.CaptureFirst.Nanoseconds));
        }

        writer.Int64(6, "deadline_ns"u8, forecast.Deadline.Nanoseconds);
        if (!writer.CanonicalOnly)
        {
            writer.Bool(7, "deadline_met"u8, stamp.PublishTime <= forecast.Deadline);
        }

        WriteEgo(ref writer, forecast, stamp);
        writer.UInt32(14, "rung"u8, (uint)forecast.Manoeuvres);
        WriteCameras(ref writer, constants, forecast.Cameras);
    }

    private static void WriteEgo<TWriter>(ref TWriter writer, SceneForecast forecast, in MessageStamp stamp)
        where TWriter : struct, IMessageWriter
    {
        if (forecast.NewestEgoStamp is { } newest)
        {
            writer.Int64(8, "newest_ego_stamp_ns"u8, newest.Nanoseconds);
            if (!writer.CanonicalOnly)
            {
                var sinceDispatch = stamp.PublishTime.Nanoseconds - forecast.Dispatched.Nanoseconds;
                writer.Double(10, "ego_held_ms"u8, forecast.EgoHeld.TotalMilliseconds + Milliseconds(sinceDispatch));
            }
        }
        else
        {
            writer.Absent(8, "newest_ego_stamp_ns"u8, "no_ego_received"u8);
            if (!writer.CanonicalOnly)
            {
                writer.Absent(10, "ego_held_ms"u8, "no_ego_received"u8);
            }
        }

        writer.EnumOr(12, "ego_origin"u8, (int)forecast.EgoOrigin, Codes.Of(forecast.EgoOrigin), "not_stated"u8);
    }

    private static void WriteCameras<TWriter>(ref TWriter writer, MessageConstants constants, CameraUse[] cameras)
        where TWriter : struct, IMessageWriter
    {
        writer.OpenList("cameras_used"u8);
        for (var i = 0; i < cameras.Length; i++)
        {
            if (cameras[i].Used)
            {
                var item = writer.OpenItem(15);
                writer.Text(1, "name"u8, constants.Cameras[i]);
                writer.Int64(2, "frame"u8, cameras[i].FrameNumber);
                writer.Int64(3, "capture_time_ns"u8, cameras[i].CaptureTime.Nanoseconds);
                writer.CloseItem(item);
            }
        }

        writer.CloseList();
        writer.OpenList("cameras_missing"u8);
        for (var i = 0; i < cameras.Length; i++)
        {
            if (!cameras[i].Used)
            {
                var item = writer.OpenItem(16);
                writer.Text(1, "name"u8, constants.Cameras[i]);
                writer.Text(2, "reason"u8, Codes.CodeOf(cameras[i].Missing));
                writer.CloseItem(item);
            }
        }

        writer.CloseList();
    }

    private static double Milliseconds(long nanoseconds) => nanoseconds / 1e6;

    /// <summary>32 hex digits, never all zero: half of the session, then the tick.</summary>
    private static void WriteTrace(Span<byte> text, Guid session, long tick)
    {
        Span<byte> bytes = stackalloc byte[16];
        session.TryWriteBytes(bytes);
        BinaryPrimitives.WriteInt64BigEndian(bytes[8..], tick);
        Convert.TryToHexStringLower(bytes, text, out _);
    }
}
