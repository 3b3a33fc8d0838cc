using Forecast.Pipeline.Frames;

namespace Forecast.Pipeline.Publishing;

/// <summary>The newest comparison of what was forecast with what came, as a forecast carries it. Filled anew for each.</summary>
public sealed class SurpriseReading
{
    /// <param name="horizonsS">All of the model's; surprise looks at the first of them.</param>
    public SurpriseReading(IReadOnlyList<double> horizonsS)
    {
        Looks = 0;
        while (Looks < horizonsS.Count && horizonsS[Looks] <= LongestLookS)
        {
            Looks++;
        }

        Error = new float[Looks];
        Score = new float[Looks];
        Clear();
    }

    /// <summary>Further back the vehicle has seen too much that could not be known: seconds.</summary>
    public const double LongestLookS = 1;

    /// <summary>How many horizons are looked at.</summary>
    public int Looks { get; }

    /// <summary>Why the newest tick gave no score of its own; None where it did.</summary>
    public SurpriseGap Gap { get; set; }

    /// <summary>Reference time of the tick that was scored; null where none was of late.</summary>
    public Timestamp? Moment { get; set; }

    /// <summary>The mean of <see cref="Score"/>, or <see cref="OwnMotion"/> where that is higher: what is held against the threshold.</summary>
    public float Overall { get; set; }

    /// <summary>From where on a score counts as surprising.</summary>
    public float Threshold { get; set; }

    /// <summary>True from a rising to a falling edge.</summary>
    public bool Surprised { get; set; }

    /// <summary>Looks shed so far, because the next frames would have had to wait.</summary>
    public long Shed { get; set; }

    /// <summary>[Looks] mean squared error of the latent map over the cells compared; NaN where the model does not look so far back.</summary>
    public float[] Error { get; }

    /// <summary>[Looks] standard deviations of the model's statistic above its mean in ordinary traffic; NaN as above.</summary>
    public float[] Score { get; }

    /// <summary>How unusually little the pictures agree with the logged speed; NaN where the model, or the log, does not say.</summary>
    public float OwnMotion { get; set; }

    public void Clear()
    {
        OwnMotion = float.NaN;
        (Gap, Moment, Overall, Threshold, Surprised) = (SurpriseGap.NotCalibrated, null, float.NaN, float.NaN, false);
        Array.Fill(Error, float.NaN);
        Array.Fill(Score, float.NaN);
    }

    public void CopyFrom(SurpriseReading other)
    {
        (Gap, Moment, Overall, Threshold, Surprised, Shed) = (other.Gap, other.Moment, other.Overall, other.Threshold, other.Surprised, other.Shed);
        OwnMotion = other.OwnMotion;
        other.Error.CopyTo(Error, 0);
        other.Score.CopyTo(Score, 0);
    }
}

/// <summary>Why there is no score of surprise.</summary>
public enum SurpriseGap
{
    None,

    /// <summary>The model does not say what its error usually is.</summary>
    NotCalibrated,

    /// <summary>The model says so only where the ego's motion is measured.</summary>
    EgoEstimated,

    /// <summary>The world state, or the one to look back to, is not full yet.</summary>
    WarmingUp,

    /// <summary>No tick lies as far back as one of the horizons.</summary>
    NoHistory,

    /// <summary>The next frames would have had to wait for it.</summary>
    Shed,

    /// <summary>Cameras are missing now or were then, and what the others see is too little.</summary>
    TooLittleToCompare,

    ModelFailed,
}
