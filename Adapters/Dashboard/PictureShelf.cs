namespace Forecast.Adapters.Dashboard;

/// <summary>The newest prepared pictures of one camera, by the number of their frame. Put by the camera's thread, taken by the feed's.</summary>
/// <param name="pictureBytes">Of one picture, uint8 [height, width, 3].</param>
/// <param name="depth">How many are kept: as many as can be under way between the camera and the forecast made from them.</param>
public sealed class PictureShelf(int pictureBytes, int depth)
{
    private readonly byte[][] _pictures = [.. Enumerable.Range(0, depth).Select(_ => new byte[pictureBytes])];
    private readonly Lock _gate = new();
    private long _count;

    /// <summary>The picture of the next frame; one of another size is counted and not kept.</summary>
    public void Put(ReadOnlySpan<byte> picture)
    {
        lock (_gate)
        {
            if (picture.Length == pictureBytes)
            {
                picture.CopyTo(_pictures[_count % depth]);
            }

            _count++;
        }
    }

    /// <summary>Copies the picture of this frame; of the newest where <paramref name="frame"/> is negative.</summary>
    /// <returns>The number of its frame; -1 where it is not, or no longer, here.</returns>
    public long TryTake(long frame, Span<byte> into)
    {
        lock (_gate)
        {
            var wanted = frame < 0 ? _count - 1 : frame;
            if (wanted < 0 || wanted >= _count || wanted < _count - depth)
            {
                return -1;
            }

            _pictures[wanted % depth].CopyTo(into);
            return wanted;
        }
    }
}
