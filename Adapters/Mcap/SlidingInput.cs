namespace Forecast.Adapters.Mcap;

/// <summary>
/// A stream seen through a buffer that slides over it. The buffer grows only as bytes really come, so a length that a file merely claims costs nothing.
/// </summary>
/// <param name="source">Read forwards only; not disposed of here.</param>
internal sealed class SlidingInput(Stream source)
{
    private const int FirstCapacity = 256 << 10;

    private byte[] _buffer = new byte[FirstCapacity];
    private int _start;
    private int _end;
    private bool _ended;

    /// <summary>Bytes consumed so far: where <see cref="Available"/> begins in the stream.</summary>
    public long Offset { get; private set; }

    /// <summary>Of all bytes consumed since the beginning, or since <see cref="RestartCrc"/>.</summary>
    public uint Crc { get; private set; }

    /// <summary>What could not be read of the stream, in the system's words; null: it ended as streams do.</summary>
    public string? Fault { get; private set; }

    public ReadOnlySpan<byte> Available => _buffer.AsSpan(_start, _end - _start);

    public void RestartCrc() => Crc = 0;

    /// <summary>Valid until the next call of <see cref="Ensure"/>.</summary>
    public ReadOnlyMemory<byte> Memory(int from, int length) => _buffer.AsMemory(_start + from, length);

    /// <summary>False: the stream ends before <paramref name="count"/> bytes; all that it has is <see cref="Available"/>.</summary>
    public bool Ensure(int count)
    {
        while (_end - _start < count)
        {
            if (_ended)
            {
                return false;
            }

            MakeRoom();
            Fill();
        }

        return true;
    }

    public void Consume(int count)
    {
        Crc = Crc32.Append(Crc, Available[..count]);
        _start += count;
        Offset += count;
    }

    /// <summary>Consumes without keeping, as far as the stream goes.</summary>
    public void Skip(long count)
    {
        while (count > 0 && Ensure(1))
        {
            var now = (int)Math.Min(count, _end - _start);
            Consume(now);
            count -= now;
        }
    }

    /// <summary>
    /// Only when the buffer is full: what is held moves to its front, or into one twice as large where that would free little. So however a file makes
    /// its reader look ahead, each byte is moved a few times at most.
    /// </summary>
    private void MakeRoom()
    {
        if (_end < _buffer.Length)
        {
            return;
        }

        var held = _end - _start;
        var target = held > _buffer.Length - (_buffer.Length / 4) ? new byte[(int)Math.Min(2L * _buffer.Length, Array.MaxLength)] : _buffer;
        Buffer.BlockCopy(_buffer, _start, target, 0, held);
        (_buffer, _start, _end) = (target, 0, held);
    }

    private void Fill()
    {
        try
        {
            var read = source.Read(_buffer.AsSpan(_end));
            _end += read;
            _ended = read == 0;
        }
        catch (IOException fault)
        {
            (Fault, _ended) = (fault.Message, true);
        }
    }
}
