using Forecast.Pipeline.Publishing.Wire;

namespace Forecast.Pipeline.Publishing.Messages;

/// <summary>What each manoeuvre would mean, in the schema's order; number 0 is the intended one.</summary>
internal sealed class PlanMessage(int horizons)
{
    private readonly float[] _row = new float[horizons];

    public void Write<TWriter>(ref TWriter writer, MessageConstants constants, SceneForecast forecast, in MessageStamp stamp)
        where TWriter : struct, IMessageWriter
    {
        EnvelopeMessage.Write(ref writer, constants, forecast, stamp);
        writer.EnumOr(2, "given"u8, (int)forecast.Given, Codes.Of(forecast.Given), "not_stated"u8);
        writer.Doubles(4, "horizons_s"u8, constants.HorizonsS);
        writer.OpenList("manoeuvres"u8);
        for (var row = 0; row < forecast.Manoeuvres; row++)
        {
            var item = writer.OpenItem(5);
            WriteManoeuvre(ref writer, constants, forecast, row);
            writer.CloseItem(item);
        }

        writer.CloseList();
        WriteRanking(ref writer, 6, forecast);
    }

    /// <summary>Ranking, margin, tie and best: seven fields of the schema from <paramref name="field"/> on.</summary>
    internal static void WriteRanking<TWriter>(ref TWriter writer, int field, SceneForecast forecast)
        where TWriter : struct, IMessageWriter
    {
        writer.UInt32s(field, "ranking"u8, forecast.Ranking.AsSpan(0, forecast.Manoeuvres));
        var comparable = forecast.Manoeuvres > 1 && float.IsFinite(forecast.Margin);
        if (comparable)
        {
            writer.Single(field + 1, "margin"u8, forecast.Margin);
            writer.Bool(field + 3, "tie"u8, forecast.Tie);
        }
        else
        {
            writer.Absent(field + 1, "margin"u8, "nothing_to_compare"u8);
            writer.Absent(field + 3, "tie"u8, "nothing_to_compare"u8);
        }

        if (comparable && !forecast.Tie)
        {
            writer.UInt32(field + 5, "best"u8, (uint)forecast.Ranking[0]);
        }
        else
        {
            writer.Absent(field + 5, "best"u8, comparable ? "tie"u8 : "nothing_to_compare"u8);
        }
    }

    private void WriteManoeuvre<TWriter>(ref TWriter writer, MessageConstants constants, SceneForecast forecast, int row)
        where TWriter : struct, IMessageWriter
    {
        var candidate = forecast.CandidateIndex[row];
        writer.UInt32(1, "candidate"u8, (uint)candidate);
        writer.Text(2, "name"u8, constants.Manoeuvres[candidate]);
        writer.SinglesOr(3, "accelerations_mps2"u8, Controls(forecast, row, which: 0), "not_finite"u8);
        writer.SinglesOr(5, "curvatures_1pm"u8, Controls(forecast, row, which: 1), "not_finite"u8);
        writer.SinglesOr(7, "probabilities"u8, forecast.Probability.AsSpan(row * horizons, horizons), "not_finite"u8);
        writer.SinglesOr(9, "differences"u8, Differences(forecast, row), "not_finite"u8);
        writer.SingleOr(11, "comfort_mps2"u8, forecast.Comfort[row], "not_finite"u8);
        writer.SingleOr(13, "progress_m"u8, forecast.Progress[row], "not_finite"u8);
        writer.Bool(15, "in_support"u8, forecast.InSupport[row]);
    }

    private ReadOnlySpan<float> Controls(SceneForecast forecast, int row, int which)
    {
        for (var k = 0; k < horizons; k++)
        {
            _row[k] = forecast.Controls[(((row * horizons) + k) * 2) + which];
        }

        return _row;
    }

    private ReadOnlySpan<float> Differences(SceneForecast forecast, int row)
    {
        for (var k = 0; k < horizons; k++)
        {
            _row[k] = forecast.Probability[(row * horizons) + k] - forecast.Probability[k];
        }

        return _row;
    }
}
