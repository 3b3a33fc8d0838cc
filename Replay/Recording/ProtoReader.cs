using System.Buffers.Binary;

namespace Forecast.Replay.Recording;

/// <summary>Goes through the fields of one protobuf message. What cannot be one ends it, and <see cref="IsMalformed"/> says so.</summary>
internal ref struct ProtoReader(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> _rest = message;

    public bool IsMalformed { get; private set; }

    /// <summary>Of the field that <see cref="Next"/> came to.</summary>
    public int Field { get; private set; }

    /// <summary>0 varint, 1 eight bytes, 2 bytes with their length, 5 four bytes.</summary>
    public int WireType { get; private set; }

    /// <summary>Of a varint or of four or eight bytes.</summary>
    public ulong Value { get; private set; }

    /// <summary>Of bytes with their length.</summary>
    public ReadOnlySpan<byte> Content { get; private set; }

    public readonly long Int64 => (long)Value;

    public readonly int SInt32 => (int)((uint)Value >> 1) ^ -(int)(Value & 1);

    public readonly float Single => BitConverter.UInt32BitsToSingle((uint)Value);

    public readonly double Double => BitConverter.UInt64BitsToDouble(Value);

    public bool Next()
    {
        if (_rest.IsEmpty || IsMalformed)
        {
            return false;
        }

        if (!TryVarint(out var tag) || tag >> 3 is 0 or > 0x1FFFFFFF)
        {
            IsMalformed = true;
            return false;
        }

        (Field, WireType) = ((int)(tag >> 3), (int)(tag & 7));
        Content = default;
        IsMalformed = !TryValue();
        return !IsMalformed;
    }

    private bool TryValue()
    {
        switch (WireType)
        {
            case 0:
                var fine = TryVarint(out var value);
                Value = value;
                return fine;
            case 1 when _rest.Length >= 8:
                Value = BinaryPrimitives.ReadUInt64LittleEndian(_rest);
                _rest = _rest[8..];
                return true;
            case 5 when _rest.Length >= 4:
                Value = BinaryPrimitives.ReadUInt32LittleEndian(_rest);
                _rest = _rest[4..];
                return true;
            case 2 when TryVarint(out var length) && length <= (ulong)_rest.Length:
                Content = _rest[..(int)length];
                _rest = _rest[(int)length..];
                return true;
            default:
                return false;
        }
    }

    private bool TryVarint(out ulong value)
    {
        value = 0;
        for (var i = 0; i < 10 && i < _rest.Length; i++)
        {
            value |= (ulong)(_rest[i] & 0x7F) << (7 * i);
            if (_rest[i] < 0x80)
            {
                _rest = _rest[(i + 1)..];
                return true;
            }
        }

        return false;
    }
}
