using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using System.Text.Unicode;

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

    private static readonly long FirstExpiry = DateTimeOffset.MinValue.ToUnixTimeMilliseconds();
    private static readonly long LastExpiry = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();
    private static readonly long NoEventBefore = new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
    private static readonly long NoEventAfter = new DateTimeOffset(2200, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    internal int Bytes => FrameBytes + FixedBody + Encoding.UTF8.GetByteCount(Topic) + Payload.Length;

    /// <summary>False where the format has no place for it.</summary>
    internal bool Fits => Encoding.UTF8.GetByteCount(Topic) <= ushort.MaxValue && (long)Topic.Length + Payload.Length <= LargestBody && Bytes - FrameBytes <= LargestBody;

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

    /// <summary>The record at the start of <paramref name="source"/>; null where it is cut short, spoilt or not one.</summary>
    internal static JournalRecord? Read(ReadOnlySpan<byte> source)
    {
        if (!TryLength(source, out var length) || source.Length - FrameBytes < length)
        {
            return null;
        }

        var body = source.Slice(FrameBytes, length);
        var topic = BinaryPrimitives.ReadUInt16LittleEndian(body[8..]);
        var expires = BinaryPrimitives.ReadInt64LittleEndian(body);
        if (FixedBody + topic > length || expires < FirstExpiry || expires > LastExpiry || Checksum(body) != BinaryPrimitives.ReadUInt32LittleEndian(source[4..]))
        {
            return null;
        }

        var name = body.Slice(FixedBody, topic);
        return Utf8.IsValid(name)
            ? new JournalRecord(Encoding.UTF8.GetString(name), body[(FixedBody + topic)..].ToArray(), DateTimeOffset.FromUnixTimeMilliseconds(expires))
            : null;
    }

    /// <summary>Whether a record may begin here, by what costs next to nothing to look at.</summary>
    /// <param name="bytes">How much <see cref="Read"/> would have to look at.</param>
    internal static bool MayBeginAt(ReadOnlySpan<byte> source, out int bytes)
    {
        if (!TryLength(source, out bytes) || source.Length - FrameBytes < bytes)
        {
            return false;
        }

        var expires = BinaryPrimitives.ReadInt64LittleEndian(source[FrameBytes..]);
        return expires > NoEventBefore && expires < NoEventAfter && FixedBody + BinaryPrimitives.ReadUInt16LittleEndian(source[(FrameBytes + 8)..]) <= bytes;
    }

    /// <summary>Whether this is a record's beginning and the rest of it was never written.</summary>
    internal static bool IsCutShort(ReadOnlySpan<byte> source) =>
        source.Length < FrameBytes || (TryLength(source, out var length) && source.Length - FrameBytes < length);

    private static bool TryLength(ReadOnlySpan<byte> source, out int length)
    {
        length = source.Length < FrameBytes ? 0 : BinaryPrimitives.ReadInt32LittleEndian(source);
        return length is >= FixedBody and <= LargestBody;
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
