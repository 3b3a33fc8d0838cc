using System.Numerics;
using System.Runtime.InteropServices;

namespace Forecast.Pipeline.Memory;

/// <summary>
/// Descriptors of past scenes side by side in memory, of length one, with what followed them. The nearest are found by holding the query
/// against every one of them, a vector at a time: exact, and 10,000 of 64 values take about 0.2 ms. Nothing is allocated after construction.
/// </summary>
public sealed class EpisodeIndex
{
    /// <summary>Scenes more alike than this tell the same story twice: the newer one takes the older one's place when room is short.</summary>
    public const float Redundant = 0.98f;

    private readonly int _dimension;
    private readonly int _stride; // whole vectors: the rest of a row stays zero
    private readonly float[] _rows;
    private readonly float[] _query;
    private readonly EpisodeFacts[] _facts;
    private readonly long[] _age;
    private readonly bool[] _ofThisRun;
    private readonly bool[] _taken;
    private int _end; // no slot from here on is taken
    private long _newest;

    public EpisodeIndex(int capacity, int dimension)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _dimension = dimension;
        _stride = (dimension + Vector<float>.Count - 1) / Vector<float>.Count * Vector<float>.Count;
        _rows = new float[checked(capacity * _stride)];
        _query = new float[_stride];
        _facts = new EpisodeFacts[capacity];
        _age = new long[capacity];
        _ofThisRun = new bool[capacity];
        _taken = new bool[capacity];
    }

    public int Count { get; private set; }

    public int Capacity => _facts.Length;

    public EpisodeFacts this[int slot] => _facts[slot];

    /// <summary>Puts back what was kept before, each scene into its slot; what does not fit there is left out.</summary>
    public void Restore(IReadOnlyList<Episode> episodes)
    {
        foreach (var episode in episodes)
        {
            if ((uint)episode.Slot < (uint)Capacity && episode.Descriptor.Length == _dimension && Normalise(episode.Descriptor, _query))
            {
                Take(episode.Slot, episode.Facts, episode.Age, ofThisRun: false);
            }
        }
    }

    /// <summary>What there is like this scene.</summary>
    /// <param name="alike">From which similarity on a scene counts as like this one.</param>
    /// <param name="notSince">Scenes of this run from then on are too near in time to say anything.</param>
    public EpisodeMatch Search(ReadOnlySpan<float> descriptor, float alike, long notSince)
    {
        if (!Normalise(descriptor, _query))
        {
            return EpisodeMatch.None;
        }

        var match = EpisodeMatch.None;
        for (var slot = 0; slot < _end; slot++)
        {
            if (!_taken[slot] || (_ofThisRun[slot] && _facts[slot].Moment.Nanoseconds >= notSince))
            {
                continue;
            }

            var similarity = Dot(slot);
            match = match with { Candidates = match.Candidates + 1 };
            if (similarity > match.Similarity || match.Slot < 0)
            {
                match = match with { Slot = slot, Similarity = similarity };
            }

            if (similarity >= alike)
            {
                match = match with
                {
                    Alike = match.Alike + 1,
                    Events = match.Events + (_facts[slot].RiskEvent ? 1 : 0),
                    RiskPeakSum = match.RiskPeakSum + _facts[slot].RiskPeak,
                };
            }
        }

        return match;
    }

    /// <summary>Keeps a scene; where all slots are taken, in place of the one most like it if that tells the same story, else of the oldest.</summary>
    /// <returns>The slot; -1 where the descriptor says nothing (all zero, or not finite).</returns>
    public int Add(ReadOnlySpan<float> descriptor, in EpisodeFacts facts)
    {
        if (!Normalise(descriptor, _query))
        {
            return -1;
        }

        var slot = Count < Capacity ? Array.IndexOf(_taken, false) : Expendable();
        Take(slot, facts, _newest + 1, ofThisRun: true);
        return slot;
    }

    private void Take(int slot, in EpisodeFacts facts, long age, bool ofThisRun)
    {
        Count += _taken[slot] ? 0 : 1;
        _query.CopyTo(_rows, slot * _stride);
        (_facts[slot], _age[slot], _ofThisRun[slot], _taken[slot]) = (facts, age, ofThisRun, true);
        _newest = Math.Max(_newest, age);
        _end = Math.Max(_end, slot + 1);
    }

    private int Expendable()
    {
        var (oldest, nearest, similarity) = (0, 0, float.NegativeInfinity);
        for (var slot = 0; slot < Capacity; slot++)
        {
            oldest = _age[slot] < _age[oldest] ? slot : oldest;
            var alike = Dot(slot);
            (nearest, similarity) = alike > similarity ? (slot, alike) : (nearest, similarity);
        }

        return similarity >= Redundant ? nearest : oldest;
    }

    private float Dot(int slot)
    {
        var row = MemoryMarshal.Cast<float, Vector<float>>(_rows.AsSpan(slot * _stride, _stride));
        var query = MemoryMarshal.Cast<float, Vector<float>>(_query.AsSpan());
        var sum = Vector<float>.Zero;
        for (var i = 0; i < row.Length; i++)
        {
            sum += row[i] * query[i];
        }

        return Vector.Sum(sum);
    }

    private static bool Normalise(ReadOnlySpan<float> descriptor, Span<float> unit)
    {
        var squares = 0.0;
        foreach (var value in descriptor)
        {
            squares += (double)value * value;
        }

        if (!double.IsFinite(squares) || squares < 1e-12)
        {
            return false;
        }

        var scale = (float)(1 / Math.Sqrt(squares));
        for (var i = 0; i < descriptor.Length; i++)
        {
            unit[i] = descriptor[i] * scale;
        }

        return true;
    }
}

/// <summary>What a search found.</summary>
/// <param name="Slot">Of the nearest; -1 where there was none to compare with.</param>
/// <param name="Similarity">Its cosine, -1 to 1.</param>
/// <param name="Candidates">Scenes compared.</param>
/// <param name="Alike">Of them, those that count as like this one; then how many an alarm followed, and the sum of their risk peaks.</param>
public readonly record struct EpisodeMatch(int Slot, float Similarity, int Candidates, int Alike, int Events, double RiskPeakSum)
{
    public static EpisodeMatch None { get; } = new(-1, float.NaN, 0, 0, 0, 0);
}
