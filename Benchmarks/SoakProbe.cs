using System.Diagnostics;

namespace Forecast.Benchmarks;

/// <summary>
/// Looks at the process once a second on a thread of its own and keeps what it sees in places made before: looking at its memory allocates nothing, and so does
/// not show in what is measured; its open descriptors, which cost some kilobytes to list, are counted every ten seconds.
/// </summary>
public sealed class SoakProbe : IDisposable
{
    private const double MegabyteBytes = 1024 * 1024;
    private const int LooksPerCount = 10;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    private readonly ResidentMemory _memory = new();
    private readonly ManualResetEvent _stopped = new(false);
    private readonly Thread _thread;
    private readonly double[] _seconds;
    private readonly double[] _residentMb;
    private readonly int[] _descriptors; // 0 where they were not counted
    private readonly long _started = Stopwatch.GetTimestamp();
    private int _count;

    /// <param name="longest">Nothing is seen after it.</param>
    public SoakProbe(TimeSpan longest)
    {
        var samples = (int)(longest / Every) + 1;
        _seconds = new double[samples];
        _residentMb = new double[samples];
        _descriptors = new int[samples];
        _thread = new Thread(Run) { IsBackground = true, Name = "soak probe" };
    }

    public void Start() => _thread.Start();

    public void Stop()
    {
        _stopped.Set();
        if (_thread.IsAlive)
        {
            _thread.Join();
        }
    }

    /// <summary>Resident memory from <paramref name="settled"/> after the start on; null where fewer than two looks came after it. After <see cref="Stop"/>.</summary>
    public MemoryTrend? Memory(TimeSpan settled)
    {
        var first = First(settled);
        return _count - first < 2 ? null : MemoryTrend.Of(_seconds.AsSpan(first, _count - first), _residentMb.AsSpan(first, _count - first));
    }

    /// <summary>
    /// The most open descriptors in the first and in the second half of the time from <paramref name="settled"/> after the start on; null where they were counted less than twice in one. Without a broker
    /// there are some less, so that only the most says whether any are left behind. After <see cref="Stop"/>.
    /// </summary>
    public (int Earlier, int Later)? Descriptors(TimeSpan settled)
    {
        var counted = _descriptors[First(settled).._count].Where(count => count > 0).ToList();
        return counted.Count < 4 ? null : (counted.Take(counted.Count / 2).Max(), counted.Skip(counted.Count / 2).Max());
    }

    public void Dispose()
    {
        Stop();
        _stopped.Dispose();
        _memory.Dispose();
    }

    internal void Look()
    {
        if (_count < _seconds.Length)
        {
            _seconds[_count] = Stopwatch.GetElapsedTime(_started).TotalSeconds;
            _residentMb[_count] = _memory.ReadBytes() / MegabyteBytes;
            _count++;
        }
    }

    private int First(TimeSpan settled)
    {
        var first = 0;
        while (first < _count && _seconds[first] < settled.TotalSeconds)
        {
            first++;
        }

        return first;
    }

    private void Run()
    {
        while (!_stopped.WaitOne(Every))
        {
            if (_count < _descriptors.Length && _count % LooksPerCount == 0)
            {
                _descriptors[_count] = Directory.GetFileSystemEntries("/proc/self/fd").Length;
            }

            Look();
        }
    }
}

/// <summary>Megabytes at the first and the last look, and the slope of the line through all of them by least squares.</summary>
public readonly record struct MemoryTrend(double StartMb, double EndMb, double MbPerMinute)
{
    public static MemoryTrend Of(ReadOnlySpan<double> seconds, ReadOnlySpan<double> megabytes)
    {
        var (meanX, meanY) = (0.0, 0.0);
        for (var i = 0; i < seconds.Length; i++)
        {
            meanX += seconds[i] / seconds.Length;
            meanY += megabytes[i] / seconds.Length;
        }

        var (across, along) = (0.0, 0.0);
        for (var i = 0; i < seconds.Length; i++)
        {
            across += (seconds[i] - meanX) * (megabytes[i] - meanY);
            along += (seconds[i] - meanX) * (seconds[i] - meanX);
        }

        return new MemoryTrend(megabytes[0], megabytes[^1], along > 0 ? across / along * 60 : 0);
    }
}
