namespace Forecast.Pipeline.Scheduling;

/// <summary>How much of a frame set's work is done: so many manoeuvres are imagined, from so many cameras at most.</summary>
public readonly record struct Rung(int Manoeuvres, int Cameras)
{
    /// <summary>More than any rig has.</summary>
    public const int EveryCamera = int.MaxValue;

    /// <summary>
    /// First fewer manoeuvres, then fewer cameras one by one, to half of the rig's: with less than that, a forecast now and then of the whole scene
    /// is worth more than one at every tick of a part of it.
    /// </summary>
    /// <param name="manoeuvres">Most first.</param>
    /// <param name="fewest">That the model takes.</param>
    public static IReadOnlyList<Rung> Ladder(IReadOnlyList<int> manoeuvres, int cameras, int fewest)
    {
        var ladder = new List<Rung>(manoeuvres.Select(count => new Rung(count, EveryCamera)));
        for (var kept = cameras - 1; kept >= Math.Max(fewest, (cameras + 1) / 2); kept--)
        {
            ladder.Add(new Rung(manoeuvres[^1], kept));
        }

        return ladder;
    }
}
