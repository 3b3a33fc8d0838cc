using Forecast.Pipeline.Publishing;

namespace Forecast.Pipeline.WhatIf;

/// <summary>What is said to a request. Handed over with the forecast in it, which its taker gives back to the desk.</summary>
/// <param name="Forecast">The envelope is that of the forecast asked about, rows are the candidates in the order of the request; null in a refusal.</param>
/// <param name="Bounded">By row, whether the calibrated upper bound is one for it: it was measured on the intended manoeuvre alone.</param>
/// <param name="Detail">Of a refusal: what is wrong, for a person.</param>
public sealed record PlanAnswer(PlanRequest Request, PlanOutcome Outcome, string Detail, SceneForecast? Forecast, bool[] Bounded);
