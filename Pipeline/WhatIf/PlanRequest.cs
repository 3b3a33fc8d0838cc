using Forecast.Pipeline.Frames;

namespace Forecast.Pipeline.WhatIf;

/// <summary>A vehicle asks what would come of manoeuvres of its own. Checked by whoever made it.</summary>
/// <param name="Id">The asker's, sent back with the answer.</param>
/// <param name="Arrival">On the decision clock.</param>
/// <param name="Deadline">The answer is to have left by then.</param>
/// <param name="Candidates">1 to <see cref="MostCandidates"/>.</param>
/// <param name="Controls">[A, K, 2]: acceleration (m/s2), curvature (1/m), held from one horizon to the next.</param>
/// <param name="ReplyTo">Where the answer goes, as the adapter that made this writes it.</param>
/// <param name="Correlation">Sent back with the answer, unread.</param>
public sealed record PlanRequest(string Id, Timestamp Arrival, Timestamp Deadline, int Candidates, float[] Controls, string ReplyTo, ReadOnlyMemory<byte> Correlation)
{
    public const int MostCandidates = 16;
}
