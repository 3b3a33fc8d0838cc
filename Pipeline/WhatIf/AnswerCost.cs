namespace Forecast.Pipeline.WhatIf;

/// <summary>
/// What an answer takes on the journey's thread, by batch: a decaying upper estimate, as of frame sets. A costlier answer raises it at once, a cheaper one
/// lowers it by a twentieth of the difference, and so does one that was shed for want of time, but never below the first estimate: one stall must
/// not shed for ever, and there is no probe, since one that went wrong would cost a frame set its deadline. The journey's thread only.
/// </summary>
public sealed class AnswerCost
{
    private const double Decay = 0.05;
    private const double MarginFactor = 1.1;
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(1);

    private readonly double[] _seconds;
    private readonly double[] _first;

    /// <param name="first">Measured before the start, by batch of <see cref="Inference.ICandidates.Batches"/>.</param>
    public AnswerCost(IReadOnlyList<TimeSpan> first)
    {
        _first = [.. first.Select(cost => cost.TotalSeconds)];
        _seconds = [.. _first];
    }

    /// <summary>What an answer will not exceed, as far as is known.</summary>
    public TimeSpan Of(int batch) => TimeSpan.FromSeconds(_seconds[batch] * MarginFactor) + Margin;

    public void Observe(int batch, TimeSpan service)
    {
        var sample = service.TotalSeconds;
        _seconds[batch] = sample > _seconds[batch] ? sample : _seconds[batch] + (Decay * (sample - _seconds[batch]));
    }

    public void Shed(int batch) => _seconds[batch] -= Decay * (_seconds[batch] - _first[batch]);
}
