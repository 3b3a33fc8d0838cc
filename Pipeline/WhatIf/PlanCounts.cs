namespace Forecast.Pipeline.WhatIf;

/// <summary>Requests by what became of them; any thread.</summary>
public sealed class PlanCounts
{
    private readonly long[] _counts = new long[Enum.GetValues<PlanOutcome>().Length];

    public long this[PlanOutcome outcome] => Interlocked.Read(ref _counts[(int)outcome]);

    public void Add(PlanOutcome outcome) => Interlocked.Increment(ref _counts[(int)outcome]);
}
