using Forecast.Pipeline.WhatIf;

namespace Forecast.Adapters.Mqtt;

/// <summary>Why a request is not taken.</summary>
internal readonly record struct PlanRefusal(PlanOutcome Outcome, string Detail)
{
    internal static PlanRefusal Malformed(string detail) => new(PlanOutcome.Malformed, detail);
}

/// <summary>The fields of a plan/request message that were there, each checked as it comes; used again for the next.</summary>
/// <param name="steps">Control steps that a candidate must have.</param>
internal sealed class PlanRequestValues(int steps)
{
    internal const int LongestId = 64;
    internal const string Schema = "forecast.v1";
    private const double LeastDeadlineMs = 1;
    private const double LongestDeadlineMs = 2000;
    private const double AccelerationMps2 = 30;
    private const double Curvature1pm = 0.2; // what any candidate of a plan is kept within

    private readonly float[] _controls = new float[PlanRequest.MostCandidates * steps * 2];
    private int _accelerations;
    private int _curvatures;

    internal string Id { get; private set; } = "";

    internal double? DeadlineMs { get; set; }

    internal int Candidates { get; private set; }

    /// <summary>[A, K, 2] of the candidates that were read.</summary>
    internal ReadOnlySpan<float> Controls => _controls.AsSpan(0, Candidates * steps * 2);

    internal void Clear()
    {
        Id = "";
        DeadlineMs = null;
        ClearCandidates();
    }

    /// <summary>A field that comes again replaces what came before.</summary>
    internal void ClearCandidates() => Candidates = 0;

    internal static PlanRefusal? CheckSchema(string? schema) => schema is Schema or "" ? null : new PlanRefusal(PlanOutcome.UnknownVersion, $"schema is not {Schema}");

    internal PlanRefusal? SetId(string? id)
    {
        if (id is null || id.Length > LongestId)
        {
            return new PlanRefusal(PlanOutcome.OutOfRange, "id is no text of at most 64 characters");
        }

        Id = id;
        return null;
    }

    internal PlanRefusal? BeginCandidate()
    {
        _accelerations = 0;
        _curvatures = 0;
        return Candidates < PlanRequest.MostCandidates ? null : new PlanRefusal(PlanOutcome.TooManyCandidates, "more than 16 candidates");
    }

    internal void BeginSteps(bool accelerations)
    {
        if (accelerations)
        {
            _accelerations = 0;
        }
        else
        {
            _curvatures = 0;
        }
    }

    internal PlanRefusal? AddStep(bool acceleration, double value)
    {
        var step = acceleration ? _accelerations++ : _curvatures++;
        if (step >= steps)
        {
            return WrongSteps();
        }

        // not a number fails the comparison, so it is refused too
        if (!(Math.Abs(value) <= (acceleration ? AccelerationMps2 : Curvature1pm)))
        {
            return new PlanRefusal(PlanOutcome.OutOfRange, acceleration ? "accelerations_mps2 is beyond 30 m/s2" : "curvatures_1pm is beyond 0.2/m");
        }

        _controls[(((Candidates * steps) + step) * 2) + (acceleration ? 0 : 1)] = (float)value;
        return null;
    }

    internal PlanRefusal? EndCandidate()
    {
        if (_accelerations != steps || _curvatures != steps)
        {
            return WrongSteps();
        }

        Candidates++;
        return null;
    }

    /// <summary>What must be there is there; the deadline within its bounds.</summary>
    internal PlanRefusal? Check() =>
        DeadlineMs is not { } deadline ? PlanRefusal.Malformed("deadline_ms is missing")
        : !(deadline >= LeastDeadlineMs && deadline <= LongestDeadlineMs) ? new PlanRefusal(PlanOutcome.OutOfRange, "deadline_ms is not from 1 to 2000")
        : Candidates == 0 ? PlanRefusal.Malformed("candidates are missing")
        : null;

    private PlanRefusal WrongSteps() => PlanRefusal.Malformed($"a candidate needs {steps} accelerations_mps2 and as many curvatures_1pm, one a horizon");
}
