namespace Forecast.Benchmarks.Peers;

/// <summary>One line of the table: what was measured of ours and of the peer in the same run, and whether the goal holds.</summary>
/// <param name="Ours">Null: not measured.</param>
/// <param name="Peer">Null: there is no peer for it, or it is missing.</param>
/// <param name="Goal">In words, with its unit.</param>
/// <param name="Holds">Null where what the goal needs was not measured: never taken for a pass.</param>
/// <param name="Note">What the reader must know of the figure; empty: nothing.</param>
public sealed record PeerFigure(string What, string Unit, double? Ours, double? Peer, string PeerName, string Goal, bool? Holds, string Note = "")
{
    public double? Ratio => Ours / Peer is { } ratio && double.IsFinite(ratio) ? ratio : null;

    public string Verdict => Holds switch { true => "pass", false => "FAIL", null => "not measured" };

    /// <summary>Ours alone against a number.</summary>
    public static PeerFigure AtMost(string what, string unit, double ours, double most, string note = "") =>
        new(what, unit, ours, null, "", FormattableString.Invariant($"<= {most:0.###}{(unit.Length > 0 ? " " : "")}{unit}"), ours <= most, note);

    /// <summary>The median of the pairs' ratios against a number; not measured without the peer.</summary>
    public static PeerFigure RatioAtMost(string what, string unit, PeerPairs pairs, double most, string peerName, string note = "") => new(
        what, unit, pairs.Ours, pairs.Peer, peerName, FormattableString.Invariant($"<= {most:0.##} x"), pairs.Ratio is { } ratio ? ratio <= most : null,
        pairs.Ratio is { } each ? FormattableString.Invariant($"{(note.Length > 0 ? note + "; " : "")}median of {pairs.Count} pairs' ratios {each:0.00}") : note);
}

/// <summary>One figure of each pair of measurements.</summary>
public sealed class PeerPairs(IReadOnlyList<double> ours, IReadOnlyList<double> peer)
{
    public int Count => ours.Count;

    public double Ours => Samples.Median(ours);

    public double? Peer => peer.Count == 0 ? null : Samples.Median(peer);

    /// <summary>Null without a peer.</summary>
    public double? Ratio => peer.Count == 0 ? null : Samples.Median([.. ours.Zip(peer, (one, other) => one / other)]);
}

/// <summary>Order statistics of few values.</summary>
public static class Samples
{
    public static double Median(IReadOnlyList<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count == 0 ? double.NaN : (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }

    /// <param name="share">0 to 1; the value at or below which so many lie.</param>
    public static double Quantile(IReadOnlyList<double> values, double share)
    {
        var sorted = values.Order().ToList();
        return sorted.Count == 0 ? double.NaN : sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Count) - 1)];
    }

    /// <summary>Standard deviation over the mean.</summary>
    public static double RelativeDeviation(IReadOnlyList<double> values)
    {
        var mean = values.Count == 0 ? double.NaN : values.Average();
        return Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / Math.Max(1, values.Count)) / mean;
    }
}
