namespace Forecast.Adapters.Compression;

/// <summary>What one call of <see cref="IFrameDecoder.Decode"/> came to.</summary>
public enum DecodeResult
{
    /// <summary>The frame goes on: more input or more room for output is wanted.</summary>
    GoesOn,

    /// <summary>The frame is complete; its own checksum, if it has one, was right.</summary>
    Complete,

    /// <summary>What was read is no such frame; <see cref="IFrameDecoder.Problem"/> says why. <see cref="IFrameDecoder.Start"/> begins anew.</summary>
    Damaged,
}

/// <summary>
/// Decompresses a frame piece by piece, so that a frame cut short gives what it still holds, and room is made only for what is really there.
/// One thread at a time.
/// </summary>
public interface IFrameDecoder : IDisposable
{
    /// <summary>What the library said of the damage last found.</summary>
    string Problem { get; }

    /// <summary>Begins a frame; one that was under way is given up.</summary>
    void Start();

    /// <param name="read">Bytes of <paramref name="source"/> that were taken.</param>
    /// <param name="written">Bytes of <paramref name="destination"/> that were filled.</param>
    DecodeResult Decode(ReadOnlySpan<byte> source, Span<byte> destination, out int read, out int written);
}
