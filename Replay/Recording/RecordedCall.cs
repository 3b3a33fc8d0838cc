using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Telemetry;

namespace Forecast.Replay.Recording;

internal enum CallKind
{
    Unspecified,
    CameraLost,
    Travel,
    Reflect,
    Judged,
    HandedOver,
}

/// <summary>forecast.recording.v1.JourneyCall.</summary>
internal sealed record RecordedCall(ulong Order, CallKind Kind, Timestamp Now, int Camera, Travel Outcome, int Rung, bool Shed, TimeSpan Took, bool OfProbe)
{
    /// <returns>Null: it is malformed.</returns>
    public static RecordedCall? Read(ReadOnlySpan<byte> message)
    {
        var call = new RecordedCall(0, CallKind.Unspecified, default, 0, Travel.Nothing, -1, false, default, false);
        var fields = new ProtoReader(message);
        while (fields.Next())
        {
            call = fields.Field switch
            {
                1 => call with { Order = fields.Value },
                2 => call with { Kind = (CallKind)fields.Value },
                3 => call with { Now = new Timestamp(fields.Int64) },
                4 => call with { Camera = (int)fields.Value },
                5 => call with { Outcome = (Travel)fields.Value },
                6 => call with { Rung = fields.SInt32 },
                7 => call with { Shed = fields.Value != 0 },
                8 => call with { Took = TimeSpan.FromTicks(fields.Int64 / TimeSpan.NanosecondsPerTick) },
                9 => call with { OfProbe = fields.Value != 0 },
                _ => call,
            };
        }

        return fields.IsMalformed ? null : call;
    }
}
