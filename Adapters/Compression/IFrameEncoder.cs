namespace Forecast.Adapters.Compression;

/// <summary>Compresses one buffer into one frame. One thread at a time; the context is kept, so that a frame allocates nothing.</summary>
public interface IFrameEncoder : IDisposable
{
    /// <summary>The most that <paramref name="sourceBytes"/> can become.</summary>
    int Bound(int sourceBytes);

    /// <returns>The frame's length.</returns>
    /// <exception cref="InvalidOperationException">The library refused, which it does only where <paramref name="destination"/> is shorter than <see cref="Bound"/>.</exception>
    int Encode(ReadOnlySpan<byte> source, Span<byte> destination);
}
