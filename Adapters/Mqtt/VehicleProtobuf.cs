using System.Buffers.Binary;

namespace Forecast.Adapters.Mqtt;

/// <summary>
/// Reads forecast.v1.Ego and forecast.v1.IntendedPlan from protobuf's wire format without allocating. Unknown fields are passed over. The
/// answer is null, or why the message was refused.
/// </summary>
internal static class VehicleProtobuf
{
    private const string Malformed = "neither JSON nor the protobuf message expected";

    // (field number << 3) | wire type: 0 varint, 2 length-delimited, 5 four bytes
    private const uint CaptureTime = (1 << 3) | 0;
    private const uint SecondFloat = (2 << 3) | 5;
    private const uint SecondPacked = (2 << 3) | 2;
    private const uint ThirdFloat = (3 << 3) | 5;
    private const uint ThirdPacked = (3 << 3) | 2;
    private const uint FourthFloat = (4 << 3) | 5;

    internal static string? ReadEgo(ReadOnlySpan<byte> rest, ref EgoValues values)
    {
        while (!rest.IsEmpty)
        {
            if (!TakeVarint(ref rest, out var tag) || !TakeEgoField(ref rest, (uint)tag, ref values))
            {
                return Malformed;
            }
        }

        return null;
    }

    internal static string? ReadPlan(ReadOnlySpan<byte> rest, PlanValues plan)
    {
        while (!rest.IsEmpty)
        {
            if (!TakeVarint(ref rest, out var tag) || !TakePlanField(ref rest, (uint)tag, plan))
            {
                return Malformed;
            }
        }

        return null;
    }

    private static bool TakeEgoField(ref ReadOnlySpan<byte> rest, uint tag, ref EgoValues values)
    {
        switch (tag)
        {
            case CaptureTime when TakeVarint(ref rest, out var time):
                values.CaptureTimeNs = (long)time;
                return true;
            case SecondFloat when TakeFloat(ref rest, out var speed):
                values.Speed = speed;
                return true;
            case ThirdFloat when TakeFloat(ref rest, out var yawRate):
                values.YawRate = yawRate;
                return true;
            case FourthFloat when TakeFloat(ref rest, out var acceleration):
                values.Acceleration = acceleration;
                return true;
            case CaptureTime or SecondFloat or ThirdFloat or FourthFloat:
                return false;
            default:
                return Skip(ref rest, tag);
        }
    }

    private static bool TakePlanField(ref ReadOnlySpan<byte> rest, uint tag, PlanValues plan)
    {
        switch (tag)
        {
            case CaptureTime when TakeVarint(ref rest, out var time):
                plan.CaptureTimeNs = (long)time;
                return true;
            case SecondFloat or ThirdFloat when TakeFloat(ref rest, out var value):
                return Add(plan, tag == SecondFloat, value);
            case SecondPacked or ThirdPacked when TakeBytes(ref rest, out var packed):
                while (TakeFloat(ref packed, out var value))
                {
                    if (!Add(plan, tag == SecondPacked, value))
                    {
                        return false;
                    }
                }

                return packed.IsEmpty;
            case CaptureTime or SecondFloat or ThirdFloat or SecondPacked or ThirdPacked:
                return false;
            default:
                return Skip(ref rest, tag);
        }
    }

    private static bool Add(PlanValues plan, bool acceleration, float value) =>
        acceleration ? plan.AddAcceleration(value) : plan.AddCurvature(value);

    internal static bool Skip(ref ReadOnlySpan<byte> rest, uint tag) => (tag >> 3) != 0 && (tag & 7) switch
    {
        0 => TakeVarint(ref rest, out _),
        1 => Take(ref rest, sizeof(ulong), out _),
        2 => TakeBytes(ref rest, out _),
        5 => Take(ref rest, sizeof(float), out _),
        _ => false,
    };

    internal static bool TakeVarint(ref ReadOnlySpan<byte> rest, out ulong value)
    {
        const int LongestVarint = 10;
        value = 0;
        for (var i = 0; i < LongestVarint && i < rest.Length; i++)
        {
            value |= (ulong)(rest[i] & 0x7F) << (7 * i);
            if (rest[i] < 0x80)
            {
                rest = rest[(i + 1)..];
                return true;
            }
        }

        return false;
    }

    internal static bool TakeFloat(ref ReadOnlySpan<byte> rest, out float value)
    {
        value = 0;
        if (!Take(ref rest, sizeof(float), out var bytes))
        {
            return false;
        }

        value = BinaryPrimitives.ReadSingleLittleEndian(bytes);
        return true;
    }

    internal static bool TakeBytes(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        return TakeVarint(ref rest, out var length) && length <= int.MaxValue && Take(ref rest, (int)length, out bytes);
    }

    internal static bool Take(ref ReadOnlySpan<byte> rest, int count, out ReadOnlySpan<byte> taken)
    {
        if (rest.Length < count)
        {
            taken = default;
            return false;
        }

        taken = rest[..count];
        rest = rest[count..];
        return true;
    }
}
