namespace Forecast.Pipeline.Inference;

/// <summary>
/// What the error of the latent forecast usually is, cell by cell, at one horizon. A cell's error is the mean over the D channels of (forecast - observed)
/// squared; what is compared is ln(error + 1e-6), less its mean, over its spread: z. Of an abrupt statistic it is how much the error has changed since the
/// tick before: the mean over the channels of the squared change of (forecast - observed), as it is, without the logarithm.
/// </summary>
/// <param name="HorizonS">One of the manifest's, at most 1 s.</param>
/// <param name="CellMean">[X', Y'] in the order of the observed map, of what is compared, in ordinary traffic.</param>
/// <param name="CellSpread">[X', Y'], its standard deviation, above 0.</param>
/// <param name="Mean">Of the statistic (<see cref="SurpriseCalibration.WorstCells"/>) in ordinary traffic.</param>
/// <param name="Sd">Its standard deviation, above 0.</param>
public sealed record SurpriseNorm(double HorizonS, ReadOnlyMemory<float> CellMean, ReadOnlyMemory<float> CellSpread, double Mean, double Sd)
{
    /// <summary>
    /// [D, D], of an abrupt statistic: the change is multiplied by it first, so that directions in which ordinary traffic changes much weigh as little as
    /// those in which it hardly does. Empty: taken as it is.
    /// </summary>
    public ReadOnlyMemory<float> Whitening { get; init; }
}

/// <summary>
/// When the scene does what was not forecast. The statistic of a horizon is the mean of z over some cells; its score is how many standard deviations
/// that lies above its own mean; the score of a tick is the mean over the horizons. The scene is surprising when at least M of the last N looks scored
/// Threshold or more: 1 of 5 at 10 Hz is the highest score within half a second.
/// </summary>
/// <param name="WorstCells">The statistic is the mean over so many cells with the highest z ("patch", "abrupt"); null: over all cells ("map").</param>
/// <param name="Norms">By horizon, increasing; every one of them is needed for a score.</param>
/// <param name="FalseAlarmsPerHour">How often it alarms in ordinary traffic.</param>
/// <param name="MeasuredHours">Over how many hours of ordinary traffic that was found.</param>
/// <param name="OwnMotion">Where the model says how well its pictures agree with the logged speed: what is usual there; a tick's score is the higher of the scene's and this one's.</param>
/// <param name="Abrupt">What is compared is the change of the error since the tick before, which what drives on as forecast hardly has.</param>
public sealed record SurpriseCalibration(
    int? WorstCells, IReadOnlyList<SurpriseNorm> Norms, double Threshold, int M, int N, double FalseAlarmsPerHour, double MeasuredHours, OwnMotionNorm? OwnMotion = null, bool Abrupt = false)
{
    /// <summary>More, and "patch" is no longer a patch.</summary>
    public const int MostWorstCells = 64;

    /// <summary>D of a model whose changes can be whitened.</summary>
    public const int MostChannels = 256;

    public string Statistic => Abrupt ? "abrupt" : WorstCells is null ? "map" : "patch";
}

/// <summary>
/// How little pictures and log usually agree on the vehicle's speed. The value of a tick is minus the mean over the newest <paramref name="Ticks"/> of the
/// model's ego_agreement: ln of how likely the pictures find the logged speed, over the one they find likeliest; its score is (value - Centre) / Width.
/// </summary>
/// <param name="Width">Above 0.</param>
public sealed record OwnMotionNorm(int Ticks, double Centre, double Width)
{
    /// <summary>A longer mean would come too late.</summary>
    public const int MostTicks = 10;
}
