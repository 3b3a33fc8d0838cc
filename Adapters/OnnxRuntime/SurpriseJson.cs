using System.Buffers.Binary;
using System.Text.Json;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;

namespace Forecast.Adapters.OnnxRuntime;

/// <summary>
/// <c>calibration.surprise</c> (and <c>surprise_ego_estimated</c>, of estimated motion) in model.json and in a rig's calibration file. Optional: a
/// model without it publishes no surprise, and every scene says <c>not_calibrated</c>. One object:
/// <code>
/// statistic              "patch" or "map": a horizon's statistic is the mean of z over the worst cells, or over all; "abrupt": over the worst cells, e
///                        being the mean over D of the change since the tick before of (latents - observed), squared, and no logarithm taken
/// worst_cells            with "patch" and "abrupt" only: over how many, 1 to 64
/// per_horizon            at least one, increasing; a tick's score is the mean over them
///   horizon_s            seconds, one of horizons_s, at most 1
///   cells_mean           base64 of little-endian float32 [X', Y']: mean of ln(e + 1e-6), e the mean over D of (latents - observed) squared; of e itself with "abrupt"
///   cells_spread         likewise, the standard deviation; z = (ln(e + 1e-6) - mean) / spread, or (e - mean) / spread
///   whitening            optional, with "abrupt" only: base64 of float32 [D, D], by which the change is multiplied before it is squared
///   mean, sd             of the statistic in ordinary traffic; a horizon's score = (statistic - mean) / sd
/// own_motion             optional, of models whose memory gives ego_agreement: {ticks, centre, width}; the value is minus the mean of so many ticks' agreement,
///                        its score (value - centre) / width, and the tick's score the higher of the scene's and this one
/// threshold              of a tick's score
/// m, n                   surprised: at least m of the last n ticks scored threshold or more; 1 of 5 at 10 Hz is the highest within half a second
/// false_alarms_per_hour  in ordinary validation traffic, with this threshold and this rule
/// validation_hours       how much of it that was
/// </code>
/// The latents are the predictor's for the controls really driven since (held after the horizon), with the ego's motion and the state of then.
/// </summary>
internal static class SurpriseJson
{
    /// <summary>Without a logarithm z has no bound but that of e over the least spread.</summary>
    private const double MostAbrupt = 1e9;

    /// <param name="cells">X' times Y' of the observed map; 0 where the tensors could not be read.</param>
    /// <param name="channels">D of it; 0 likewise.</param>
    public static SurpriseCalibration Read(JsonField surprise, IReadOnlyList<double> horizons, int cells, int channels)
    {
        var norms = new List<SurpriseNorm>();
        var (abrupt, worst) = ReadStatistic(surprise);
        var most = abrupt ? MostAbrupt : 100; // a logarithm goes no further
        foreach (var item in surprise.Required("per_horizon").Items())
        {
            var horizon = item.Required("horizon_s");
            var seconds = horizon.Number(0, SurpriseReading.LongestLookS);
            if (ManifestCalibration.IndexOf(horizons, seconds) < 0)
            {
                horizon.Report("is none of horizons_s");
            }
            else if (norms.Count > 0 && seconds <= norms[^1].HorizonS)
            {
                horizon.Report("must increase from entry to entry");
            }

            var spread = item.Required("cells_spread");
            var spreads = spread.Floats(cells);
            if (Array.Exists(spreads, value => value <= 0))
            {
                spread.Report("must be above 0 everywhere");
            }

            norms.Add(new SurpriseNorm(seconds, item.Required("cells_mean").Floats(cells), spreads, item.Required("mean").Number(-most, most), item.Required("sd").Positive(most))
            {
                Whitening = ReadWhitening(item, abrupt, channels),
            });
        }

        var last = surprise.Required("n").Whole(1, 100);
        return new SurpriseCalibration(
            worst, norms, surprise.Required("threshold").Number(abrupt ? -MostAbrupt : -1000, abrupt ? MostAbrupt : 1000), surprise.Required("m").Whole(1, last), last,
            surprise.Required("false_alarms_per_hour").Number(0, 1e6), surprise.Required("validation_hours").Positive(1e6), ReadOwnMotion(surprise), abrupt);
    }

    public static void Write(Utf8JsonWriter json, SurpriseCalibration surprise)
    {
        json.WriteStartObject("surprise");
        json.WriteString("statistic", surprise.Statistic);
        if (surprise.WorstCells is { } worst)
        {
            json.WriteNumber("worst_cells", worst);
        }

        json.WriteStartArray("per_horizon");
        foreach (var norm in surprise.Norms)
        {
            json.WriteStartObject();
            json.WriteNumber("horizon_s", norm.HorizonS);
            WriteFloats(json, "cells_mean", norm.CellMean.Span);
            WriteFloats(json, "cells_spread", norm.CellSpread.Span);
            if (!norm.Whitening.IsEmpty)
            {
                WriteFloats(json, "whitening", norm.Whitening.Span);
            }

            json.WriteNumber("mean", norm.Mean);
            json.WriteNumber("sd", norm.Sd);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (surprise.OwnMotion is { } own)
        {
            json.WriteStartObject("own_motion");
            json.WriteNumber("ticks", own.Ticks);
            json.WriteNumber("centre", own.Centre);
            json.WriteNumber("width", own.Width);
            json.WriteEndObject();
        }

        json.WriteNumber("threshold", surprise.Threshold);
        json.WriteNumber("m", surprise.M);
        json.WriteNumber("n", surprise.N);
        json.WriteNumber("false_alarms_per_hour", surprise.FalseAlarmsPerHour);
        json.WriteNumber("validation_hours", surprise.MeasuredHours);
        json.WriteEndObject();
    }

    private static (bool Abrupt, int? WorstCells) ReadStatistic(JsonField surprise)
    {
        var statistic = surprise.Required("statistic");
        switch (statistic.Text())
        {
            case "patch":
                return (false, surprise.Required("worst_cells").Whole(1, SurpriseCalibration.MostWorstCells));
            case "abrupt":
                return (true, surprise.Required("worst_cells").Whole(1, SurpriseCalibration.MostWorstCells));
            case "map":
                surprise.Optional("worst_cells")?.Report("belongs to the statistics \"patch\" and \"abrupt\" only");
                return (false, null);
            default:
                statistic.Report("must be patch, map or abrupt");
                return (false, null);
        }
    }

    private static float[] ReadWhitening(JsonField norm, bool abrupt, int channels)
    {
        if (norm.Optional("whitening") is not { } whitening)
        {
            return [];
        }

        var values = whitening.Floats(0);
        if (!abrupt)
        {
            whitening.Report("belongs to the statistic \"abrupt\" only");
        }
        else if (channels > SurpriseCalibration.MostChannels)
        {
            whitening.Report($"is for at most {SurpriseCalibration.MostChannels} channels; the observed map has {channels}");
        }
        else if (channels != 0 && values.Length != channels * channels)
        {
            whitening.Report($"holds {values.Length} numbers; the observed map has {channels} channels, so it must hold {channels * channels}");
        }

        return values;
    }

    private static OwnMotionNorm? ReadOwnMotion(JsonField surprise) => surprise.Optional("own_motion") is { } own
        ? new OwnMotionNorm(own.Required("ticks").Whole(1, OwnMotionNorm.MostTicks), own.Required("centre").Number(-100, 100), own.Required("width").Positive(100))
        : null;

    private static void WriteFloats(Utf8JsonWriter json, string name, ReadOnlySpan<float> values)
    {
        var bytes = new byte[values.Length * sizeof(float)];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), values[i]);
        }

        json.WriteBase64String(name, bytes);
    }
}
