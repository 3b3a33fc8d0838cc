using Forecast.Pipeline.Inference;

namespace Forecast.Adapters.OnnxRuntime;

/// <summary>The part of model.json that says how far the model's numbers are to be trusted: calibration, thresholds, measured skill.</summary>
internal static class ManifestCalibration
{
    /// <summary>Horizons are compared as written; this only forgives the decimal form of a binary fraction.</summary>
    private const double SameHorizon = 1e-9;

    /// <param name="observedCells">X' times Y' of the observed map; 0 where the tensors could not be read.</param>
    /// <param name="channels">D of it; 0 likewise.</param>
    public static ModelCalibration Read(JsonField calibration, IReadOnlyList<double> horizons, int observedCells, int channels)
    {
        calibration.Optional("levels_ego_estimated")?.Report("belongs beside levels, not in calibration");
        double[] nowAndHorizons = [0, .. horizons];
        return new ModelCalibration(
            ReadScaling(calibration.Required("risk"), horizons),
            ReadScaling(calibration.Required("occupancy"), nowAndHorizons),
            ReadUpperBound(calibration.Required("upper_bound"), horizons))
        {
            RiskEgoEstimated = calibration.Optional("risk_ego_estimated") is { } risk ? ReadScaling(risk, horizons) : null,
            RiskCandidates = calibration.Optional("risk_candidates") is { } candidates ? ReadScaling(candidates, horizons) : null,
            RiskCandidatesEgoEstimated = calibration.Optional("risk_candidates_ego_estimated") is { } apart ? ReadScaling(apart, horizons) : null,
            UpperBoundEgoEstimated = calibration.Optional("upper_bound_ego_estimated") is { } bound ? ReadUpperBound(bound, horizons) : null,
            Surprise = calibration.Optional("surprise") is { } surprise ? SurpriseJson.Read(surprise, horizons, observedCells, channels) : null,
            SurpriseEgoEstimated = calibration.Optional("surprise_ego_estimated") is { } estimated ? SurpriseJson.Read(estimated, horizons, observedCells, channels) : null,
            Novelty = calibration.Optional("novelty") is { } novelty ? ReadNovelty(novelty) : null,
        };
    }

    private static NoveltyCalibration ReadNovelty(JsonField novelty)
    {
        var last = novelty.Required("n").Whole(1, 100);
        return new NoveltyCalibration(novelty.Required("similarity").Number(-1, 1), novelty.Required("m").Whole(1, last), last);
    }

    public static RiskLevels ReadLevels(JsonField levels, IReadOnlyList<double> horizons)
    {
        var horizon = levels.Required("horizon_s");
        var seconds = horizon.Number(0, 60);
        if (IndexOf(horizons, seconds) < 0)
        {
            horizon.Report("is none of horizons_s");
        }

        var elevated = ReadHysteresis(levels.Required("elevated"));
        var high = ReadHysteresis(levels.Required("high"));
        if (high.Rise <= elevated.Rise || high.Fall <= elevated.Fall)
        {
            levels.Report("must have high above elevated, in rise and in fall");
        }

        var alarm = levels.Required("alarm");
        var last = alarm.Required("n").Whole(1, 100);
        return new RiskLevels(seconds, elevated, high, alarm.Required("m").Whole(1, last), last);
    }

    public static List<SkillFigure> ReadSkill(JsonField skill)
    {
        skill.Required("date").Text();
        skill.Required("commit").Text();
        skill.Required("split").Text();
        skill.Required("clips").Whole(0, int.MaxValue);
        var figures = new List<SkillFigure>();
        foreach (var item in skill.Required("figures").Items(mayBeEmpty: true))
        {
            var figure = new SkillFigure(
                item.Required("name").Text(),
                item.Required("value").Number(-1e9, 1e9),
                item.Required("low").Number(-1e9, 1e9),
                item.Required("high").Number(-1e9, 1e9),
                item.Optional("blind")?.Number(-1e9, 1e9),
                item.Optional("gate")?.Text(),
                item.Optional("passes")?.Flag());
            if (figure.Low > figure.Value || figure.Value > figure.High)
            {
                item.Report("has its value outside low to high");
            }

            figures.Add(figure);
        }

        return figures;
    }

    private static Hysteresis ReadHysteresis(JsonField level)
    {
        var read = new Hysteresis(level.Required("rise").Number(0, 1), level.Required("fall").Number(0, 1));
        if (read.Rise <= read.Fall)
        {
            level.Report("must have rise above fall");
        }

        return read;
    }

    public static List<LogitScaling> ReadScaling(JsonField table, IReadOnlyList<double> horizons)
    {
        var rows = new List<LogitScaling>();
        foreach (var item in table.Items(horizons.Count))
        {
            CheckHorizon(item, horizons, rows.Count);
            // A scale of zero or less would turn the model's order round, and no probability after it would be monotone.
            rows.Add(new LogitScaling(
                item.Required("horizon_s").Number(0, 60), item.Required("scale").Positive(1000), item.Required("bias").Number(-1000, 1000)));
        }

        return rows;
    }

    public static UpperBoundTable ReadUpperBound(JsonField bound, IReadOnlyList<double> horizons)
    {
        var edges = new List<IReadOnlyList<double>>();
        var bounds = new List<IReadOnlyList<double>>();
        foreach (var item in bound.Required("per_horizon").Items(horizons.Count))
        {
            CheckHorizon(item, horizons, edges.Count);
            edges.Add(item.Required("edges").Increasing(0, 1, mayBeEmpty: true));
            var row = item.Required("bounds");
            bounds.Add(row.Numbers(0, 1, edges[^1].Count + 1));
            for (var i = 1; i < bounds[^1].Count; i++)
            {
                if (bounds[^1][i] < bounds[^1][i - 1])
                {
                    row.Report("must not fall from entry to entry");
                }
            }
        }

        var alpha = bound.Required("alpha");
        var level = alpha.Positive(1);
        if (level >= 1)
        {
            alpha.Report("must be above 0 and below 1");
        }

        return new UpperBoundTable(bound.Required("method").Text(), level, bound.Required("n").Whole(1, int.MaxValue), edges, bounds);
    }

    private static void CheckHorizon(JsonField item, IReadOnlyList<double> horizons, int row)
    {
        if (row < horizons.Count && item.Optional("horizon_s") is { } horizon && Math.Abs(horizon.Number(0, 60) - horizons[row]) > SameHorizon)
        {
            horizon.Report(FormattableString.Invariant($"must be {horizons[row]}, as horizons_s has it"));
        }
    }

    public static int IndexOf(IReadOnlyList<double> horizons, double seconds)
    {
        for (var i = 0; i < horizons.Count; i++)
        {
            if (Math.Abs(horizons[i] - seconds) <= SameHorizon)
            {
                return i;
            }
        }

        return -1;
    }
}
