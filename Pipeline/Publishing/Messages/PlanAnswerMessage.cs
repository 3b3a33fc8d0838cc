using System.Text;
using Forecast.Pipeline.Publishing.Wire;
using Forecast.Pipeline.WhatIf;

namespace Forecast.Pipeline.Publishing.Messages;

/// <summary>What is said to a plan request: what each candidate would mean, or the reason why nothing is.</summary>
internal static class PlanAnswerMessage
{
    public static void Write<TWriter>(ref TWriter writer, MessageConstants constants, PlanAnswer answer, in MessageStamp stamp)
        where TWriter : struct, IMessageWriter
    {
        if (answer.Forecast is { } forecast)
        {
            EnvelopeMessage.Write(ref writer, constants, forecast, stamp);
            WriteHead(ref writer, answer, stamp);
            WriteCandidates(ref writer, constants, answer, forecast);
        }
        else
        {
            EnvelopeMessage.WriteRefusal(ref writer, constants, Codes.Outcomes[(int)answer.Outcome], stamp);
            WriteHead(ref writer, answer, stamp);
            WriteNothing(ref writer);
        }
    }

    private static void WriteHead<TWriter>(ref TWriter writer, PlanAnswer answer, in MessageStamp stamp)
        where TWriter : struct, IMessageWriter
    {
        var (request, answered) = (answer.Request, answer.Forecast is not null);
        writer.Text(2, "request_id"u8, Encoding.UTF8.GetBytes(request.Id));
        writer.Enum(3, "outcome"u8, (int)answer.Outcome, Codes.Of(answer.Outcome));
        writer.Text(4, "detail"u8, Encoding.UTF8.GetBytes(answer.Detail));
        if (request.Deadline > request.Arrival)
        {
            writer.Int64(5, "deadline_ns"u8, request.Deadline.Nanoseconds);
        }
        else
        {
            writer.Absent(5, "deadline_ns"u8, "not_read"u8);
        }

        if (answered)
        {
            writer.Bool(7, "deadline_met"u8, stamp.PublishTime <= request.Deadline);
        }
        else
        {
            writer.Absent(7, "deadline_met"u8, "refused"u8);
        }
    }

    private static void WriteCandidates<TWriter>(ref TWriter writer, MessageConstants constants, PlanAnswer answer, SceneForecast forecast)
        where TWriter : struct, IMessageWriter
    {
        var horizons = forecast.Horizons;
        var bounded = false;
        writer.Doubles(9, "horizons_s"u8, constants.HorizonsS);
        writer.OpenList("candidates"u8);
        for (var row = 0; row < forecast.Manoeuvres; row++)
        {
            var item = writer.OpenItem(10);
            writer.SinglesOr(1, "probabilities"u8, forecast.Probability.AsSpan(row * horizons, horizons), "not_finite"u8);
            writer.SinglesOr(3, "upper_bounds"u8, answer.Bounded[row] ? forecast.UpperBound : [], "measured_on_the_intended_manoeuvre_only"u8);
            writer.SingleOr(5, "comfort_mps2"u8, forecast.Comfort[row], "not_finite"u8);
            writer.SingleOr(7, "progress_m"u8, forecast.Progress[row], "not_finite"u8);
            writer.Bool(9, "in_support"u8, forecast.InSupport[row]);
            writer.CloseItem(item);
            bounded |= answer.Bounded[row];
        }

        writer.CloseList();
        PlanMessage.WriteRanking(ref writer, 11, forecast);
        if (bounded)
        {
            RiskMessage.WriteBound(ref writer, 18, constants, forecast);
        }
        else
        {
            writer.Absent(18, "bound"u8, "no_candidate_is_the_intended_manoeuvre"u8);
        }
    }

    private static void WriteNothing<TWriter>(ref TWriter writer)
        where TWriter : struct, IMessageWriter
    {
        writer.OpenList("candidates"u8);
        writer.CloseList();
        writer.Absent(12, "margin"u8, "refused"u8);
        writer.Absent(14, "tie"u8, "refused"u8);
        writer.Absent(16, "best"u8, "refused"u8);
        writer.Absent(18, "bound"u8, "refused"u8);
    }
}
