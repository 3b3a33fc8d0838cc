namespace Forecast.Adapters.Mcap;

/// <summary>The file being written: where it stands, its running checksum, and every error made one.</summary>
/// <param name="stream">Owned.</param>
/// <param name="name">For messages.</param>
internal sealed class McapOutput(Stream stream, string name) : IDisposable
{
    private McapWriteException? _failure;

    /// <summary>Bytes written.</summary>
    public long Position { get; private set; }

    /// <summary>Of all bytes since the beginning, or since <see cref="RestartCrc"/>.</summary>
    public uint Crc { get; private set; }

    /// <summary>Why nothing more can be written; null: it can.</summary>
    public McapWriteException? Failure => _failure;

    public void RestartCrc() => Crc = 0;

    /// <exception cref="McapWriteException">Now or before.</exception>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (_failure is not null)
        {
            throw _failure;
        }

        try
        {
            stream.Write(bytes);
        }
        catch (Exception fault) when (IsOfTheDisk(fault))
        {
            throw Fail(fault);
        }

        Crc = Crc32.Append(Crc, bytes);
        Position += bytes.Length;
    }

    /// <summary>Hands what a buffering stream still holds to the system.</summary>
    /// <exception cref="McapWriteException">It could not be written.</exception>
    public void Flush()
    {
        try
        {
            stream.Flush();
        }
        catch (Exception fault) when (IsOfTheDisk(fault))
        {
            throw Fail(fault);
        }
    }

    public void Dispose()
    {
        try
        {
            stream.Dispose();
        }
        catch (Exception fault) when (IsOfTheDisk(fault))
        {
            Fail(fault);
        }
    }

    /// <summary>A limit on the size of files comes as the argument's fault.</summary>
    private static bool IsOfTheDisk(Exception fault) =>
        fault is IOException or UnauthorizedAccessException or NotSupportedException or ObjectDisposedException or ArgumentOutOfRangeException { ParamName: "value", ActualValue: null };

    private McapWriteException Fail(Exception fault) =>
        _failure = new McapWriteException($"{name} cannot be written beyond byte {Position}: {fault.Message}. What was written before is readable; free some space or choose another folder", fault);
}
