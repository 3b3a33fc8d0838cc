using System.Buffers.Binary;
using System.Text;

namespace Forecast.Adapters.Mqtt;

/// <summary>Reads forecast.v1.PlanRequest from protobuf's wire format. Unknown fields are passed over. The answer is null, or why the message was refused.</summary>
internal static class PlanRequestProtobuf
{
    private static readonly PlanRefusal Malformed = PlanRefusal.Malformed("neither JSON nor the protobuf message expected");

    // (field number << 3) | wire type: 1 eight bytes, 2 length-delimited, 5 four bytes
    private const uint Schema = (1 << 3) | 2;
    private const uint Id = (2 << 3) | 2;
    private const uint Deadline = (3 << 3) | 1;
    private const uint Candidate = (4 << 3) | 2;
    private const uint Acceleration = (1 << 3) | 5;
    private const uint Accelerations = (1 << 3) | 2;
    private const uint Curvature = (2 << 3) | 5;
    private const uint Curvatures = (2 << 3) | 2;

    internal static PlanRefusal? Read(ReadOnlySpan<byte> rest, PlanRequestValues values)
    {
        while (!rest.IsEmpty)
        {
            if (!VehicleProtobuf.TakeVarint(ref rest, out var tag))
            {
                return Malformed;
            }

            if (TakeField(ref rest, (uint)tag, values) is { } problem)
            {
                return problem;
            }
        }

        return null;
    }

    private static PlanRefusal? TakeField(ref ReadOnlySpan<byte> rest, uint tag, PlanRequestValues values)
    {
        switch (tag)
        {
            case Schema when VehicleProtobuf.TakeBytes(ref rest, out var text):
                return PlanRequestValues.CheckSchema(Encoding.UTF8.GetString(text));
            case Id when VehicleProtobuf.TakeBytes(ref rest, out var text):
                return values.SetId(Encoding.UTF8.GetString(text));
            case Deadline when VehicleProtobuf.Take(ref rest, sizeof(double), out var bytes):
                values.DeadlineMs = BinaryPrimitives.ReadDoubleLittleEndian(bytes);
                return null;
            case Candidate when VehicleProtobuf.TakeBytes(ref rest, out var candidate):
                return values.BeginCandidate() ?? ReadCandidate(candidate, values) ?? values.EndCandidate();
            case Schema or Id or Deadline or Candidate:
                return Malformed;
            default:
                return VehicleProtobuf.Skip(ref rest, tag) ? null : Malformed;
        }
    }

    private static PlanRefusal? ReadCandidate(ReadOnlySpan<byte> rest, PlanRequestValues values)
    {
        while (!rest.IsEmpty)
        {
            if (!VehicleProtobuf.TakeVarint(ref rest, out var tag))
            {
                return Malformed;
            }

            if (TakeSteps(ref rest, (uint)tag, values) is { } problem)
            {
                return problem;
            }
        }

        return null;
    }

    private static PlanRefusal? TakeSteps(ref ReadOnlySpan<byte> rest, uint tag, PlanRequestValues values)
    {
        switch (tag)
        {
            case Acceleration or Curvature when VehicleProtobuf.TakeFloat(ref rest, out var value):
                return values.AddStep(tag == Acceleration, value);
            case Accelerations or Curvatures when VehicleProtobuf.TakeBytes(ref rest, out var packed):
                while (VehicleProtobuf.TakeFloat(ref packed, out var value))
                {
                    if (values.AddStep(tag == Accelerations, value) is { } problem)
                    {
                        return problem;
                    }
                }

                return packed.IsEmpty ? null : Malformed;
            case Acceleration or Curvature or Accelerations or Curvatures:
                return Malformed;
            default:
                return VehicleProtobuf.Skip(ref rest, tag) ? null : Malformed;
        }
    }
}
