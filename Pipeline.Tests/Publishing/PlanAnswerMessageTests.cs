using System.Text;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.WhatIf;
using Google.Protobuf;
using Proto = Forecast.V1;

namespace Forecast.Pipeline.Tests.Publishing;

/// <summary>What is said to a plan request, as the reference implementation of protobuf and of its JSON reads it.</summary>
public sealed class PlanAnswerMessageTests
{
    private static readonly JsonParser Json = new(JsonParser.Settings.Default);

    [Theory]
    [InlineData(true, 2)]
    [InlineData(false, 2)]
    [InlineData(false, 1)]
    public void PlanResponse_Answered_BothEncodingsReadAsTheSameAndKeepTheRules(bool bounded, int candidates)
    {
        var forecast = ForecastSamples.Complete();
        forecast.Manoeuvres = candidates;
        forecast.Ranking[0] = 0;
        forecast.Ranking[1] = 1;
        forecast.Deadline = ForecastSamples.Stamp.PublishTime;
        var request = Request(forecast.Deadline);

        var message = Encoded(new PlanAnswer(request, PlanOutcome.Answered, "", forecast, [bounded, false]));

        Assert.Empty(SchemaRules.Breaches(message));
        Assert.Equal("q \"1\"", message.RequestId);
        Assert.Equal(Proto.PlanOutcome.Answered, message.Outcome);
        Assert.True(message.DeadlineMet);
        Assert.Equal(request.Deadline.Nanoseconds, message.Envelope.FrameSet.DeadlineNs);
        Assert.Equal(candidates, message.Candidates.Count);
        Assert.Equal(forecast.Probability[..5], message.Candidates[0].Probabilities);
        Assert.Equal(bounded ? 5 : 0, message.Candidates[0].UpperBounds.Count);
        Assert.Equal(bounded, message.Bound is not null);
        Assert.Equal(candidates > 1, message.HasMargin);
    }

    [Fact]
    public void PlanResponse_Refused_EveryReasonIsSaidAndNothingAboutTheWorld()
    {
        foreach (var outcome in Enum.GetValues<PlanOutcome>().Where(outcome => outcome is not (PlanOutcome.Unspecified or PlanOutcome.Answered)))
        {
            var message = Encoded(new PlanAnswer(Request(new Timestamp(0)), outcome, "why", null, []));

            Assert.Empty(SchemaRules.Breaches(message));
            Assert.Equal((int)outcome, (int)message.Outcome);
            Assert.Equal(outcome.ToString(), message.Outcome.ToString());
            Assert.Equal(Proto.Validity.Invalid, message.Envelope.Validity);
            Assert.Empty(message.Candidates);
        }
    }

    private static PlanRequest Request(Timestamp deadline) => new("q \"1\"", new Timestamp(5), deadline, 2, new float[20], "answers", default);

    private static Proto.PlanResponse Encoded(PlanAnswer answer)
    {
        using var json = Encoder(MessageEncoding.Json);
        using var protobuf = Encoder(MessageEncoding.Protobuf);
        var bytes = protobuf.PlanResponse(answer, ForecastSamples.Stamp).ToArray();
        var message = Proto.PlanResponse.Parser.ParseFrom(bytes);
        Assert.Equal(Convert.ToHexString(message.ToByteArray()), Convert.ToHexString(bytes));
        Assert.Equal(message, Json.Parse<Proto.PlanResponse>(Encoding.UTF8.GetString(json.PlanResponse(answer, ForecastSamples.Stamp))));
        return message;
    }

    private static ForecastEncoder Encoder(MessageEncoding encoding) =>
        new(ForecastSamples.Manifest, ForecastSamples.Rig, new MessageIdentity("car", new Guid(1, 2, 3, new byte[8]), SourceKind.Live, "unix", "cpu", new string('0', 64), "0"), encoding);
}
