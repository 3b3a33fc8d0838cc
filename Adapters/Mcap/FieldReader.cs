using System.Buffers.Binary;
using System.Text;

namespace Forecast.Adapters.Mcap;

/// <summary>
/// Reads a record's fields one after the other. A field that does not fit is answered with nothing and remembered in <see cref="Problem"/>, and so is
/// every field after it: the caller looks once, at the end. Lengths are held against what is there before anything is allocated.
/// </summary>
internal ref struct FieldReader(ReadOnlySpan<byte> content)
{
    /// <summary>Names, topics and values; documents belong into attachments.</summary>
    private const int MaxTextBytes = 1 << 20;

    /// <summary>A map costs far more memory than its bytes in the file.</summary>
    private const int MaxMapEntries = 1 << 16;

    private ReadOnlySpan<byte> _rest = content;

    /// <summary>Null: every field so far was there.</summary>
    public string? Problem { get; private set; }

    /// <summary>Bytes not yet read.</summary>
    public readonly int Left => _rest.Length;

    public byte U8() => Take(1) is [var value] ? value : default;

    public ushort U16() => Take(2) is { Length: 2 } bytes ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : default;

    public uint U32() => Take(4) is { Length: 4 } bytes ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : default;

    public ulong U64() => Take(8) is { Length: 8 } bytes ? BinaryPrimitives.ReadUInt64LittleEndian(bytes) : default;

    /// <summary>Bytes that are no UTF-8 become U+FFFD.</summary>
    public string Text()
    {
        var length = U32();
        if (length > MaxTextBytes)
        {
            Fail($"a text of {length} bytes; at most {MaxTextBytes} are taken");
        }

        return Encoding.UTF8.GetString(Take(length));
    }

    /// <summary>Bytes after a length of 32 bits.</summary>
    public ReadOnlySpan<byte> Bytes() => Take(U32());

    /// <summary>Bytes after a length of 64 bits.</summary>
    public ReadOnlySpan<byte> LongBytes() => Take(U64());

    public void Skip(ulong bytes) => Take(bytes);

    /// <summary>Of a key that comes twice the first value holds.</summary>
    public Dictionary<string, string> TextMap()
    {
        var entries = new FieldReader(Bytes());
        var map = new Dictionary<string, string>();
        while (entries.Left > 0 && entries.Problem is null && Problem is null)
        {
            var (key, value) = (entries.Text(), entries.Text());
            Count(map.Count);
            map.TryAdd(key, value);
        }

        Problem ??= entries.Problem;
        return map;
    }

    public Dictionary<ushort, ulong> ChannelMap()
    {
        var entries = new FieldReader(Bytes());
        var map = new Dictionary<ushort, ulong>();
        while (entries.Left > 0 && entries.Problem is null)
        {
            var (channel, value) = (entries.U16(), entries.U64());
            map.TryAdd(channel, value);
        }

        Problem ??= entries.Problem;
        return map;
    }

    private void Count(int entries)
    {
        if (entries >= MaxMapEntries)
        {
            Fail($"a map of more than {MaxMapEntries} entries");
        }
    }

    private ReadOnlySpan<byte> Take(ulong length)
    {
        if (Problem is null && length > (ulong)_rest.Length)
        {
            Fail($"a field of {length} bytes where {_rest.Length} are left");
        }

        if (Problem is not null)
        {
            return default;
        }

        var taken = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return taken;
    }

    private void Fail(string problem) => Problem ??= problem;
}
