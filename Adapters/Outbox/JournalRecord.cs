using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Forecast.Adapters.Outbox;

/// <summary>
/// One event as it lies in the journal: u32 length of the body, u32 CRC-32C of the body, then the body: i64 expiry in Unix milliseconds, u16 length of
/// the topic, the topic in UTF-8, the payload to the end. Little-endian.
/// </summary>
/// <param name="Topic">Whole, with the vehicle's base: another vehicle's events are not ours to send.</param>
public sealed record JournalRecord(string Topic, ReadOnlyMemory<byte> Payload, DateTimeOffset Expires)
{
    internal const int FrameBytes = 8;
    internal const int LargestBody = 1 << 20;
    private const int FixedBody = 10;

    internal int Bytes => FrameBytes + FixedBody + Encoding.UTF8.GetByteCount(Topic) + Payload.Length;

    /// <summary>Writes all <see cref="Bytes"/> of it.</summary>
    internal void Write(Span<byte> target)
    {
        var body = target[FrameBytes..Bytes];
        BinaryPrimitives.WriteInt64LittleEndian(body, Expires.ToUnixTimeMilliseconds());
        var topic = Encoding.UTF8.GetBytes(Topic, body[FixedBody..]);
        BinaryPrimitives.WriteUInt16LittleEndian(body[8..], (ushort)topic);
        Payload.Span.CopyTo(body[(FixedBody + topic)..]);
        BinaryPrimitives.WriteInt32LittleEndian(target, body.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(target[4..], Checksum(body));
    }

    /// <summary>The record at the start of <paramref name="source"/>; null where it is torn or not one, and then nothing behind it can be read either.</summary>
    internal static JournalRecord? Read(ReadOnlySpan<byte> source)
    {
        if (source.Length < FrameBytes)
        {
            return null;
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(source);
        if (length is < FixedBody or > LargestBody || source.Length - FrameBytes < length)
        {
            return null;
        }

        var body = source.Slice(FrameBytes, length);
        var topic = BinaryPrimitives.ReadUInt16LittleEndian(body[8..]);
        if (Checksum(body) != BinaryPrimitives.ReadUInt32LittleEndian(source[4..]) || FixedBody + topic > length)
        {
            return null;
        }

        var expires = BinaryPrimitives.ReadInt64LittleEndian(body);
        return expires < DateTimeOffset.MinValue.ToUnixTimeMilliseconds() || expires > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? null
            : new JournalRecord(Encoding.UTF8.GetString(body.Slice(FixedBody, topic)), body[(FixedBody + topic)..].ToArray(), DateTimeOffset.FromUnixTimeMilliseconds(expires));
    }

    private static uint Checksum(ReadOnlySpan<byte> body)
    {
        var crc = uint.MaxValue;
        var at = 0;
        for (; at + sizeof(ulong) <= body.Length; at += sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(body[at..]));
        }

        for (; at < body.Length; at++)
        {
            crc = BitOperations.Crc32C(crc, body[at]);
        }

        return ~crc;
    }
}
