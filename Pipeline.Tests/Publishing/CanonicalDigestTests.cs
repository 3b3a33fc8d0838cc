using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Publishing.Messages;
using Forecast.Pipeline.Publishing.Wire;
using Forecast.Pipeline.Risk;
using Proto = Forecast.V1;

namespace Forecast.Pipeline.Tests.Publishing;

public sealed class CanonicalDigestTests
{
    [Fact]
    public void Value_OfTheSameForecasts_IsTheSameWhateverIsNotCanonical()
    {
        var reference = DigestOf(ForecastSamples.Complete(1), ForecastSamples.Complete(2));
        var other = ForecastSamples.Complete(1);
        other.Alarm = new AlarmEvent(Guid.NewGuid(), other.Alarm!.Risen) { PeakProbability = other.Alarm.PeakProbability };
        other.Dispatched += TimeSpan.FromMilliseconds(3);
        other.Judged += TimeSpan.FromMilliseconds(5);
        other.Surprise.Shed++;
        other.SurpriseEvent = null;
        other.Episodes = (7, 8);
        other.EgoHeld += TimeSpan.FromMilliseconds(1);
        other.Times[Forecast.Pipeline.Telemetry.Stage.Encode] = 12345;
        Assert.Equal(reference, DigestOf(other, ForecastSamples.Complete(2)));
        Assert.Matches("^[0-9a-f]{64}$", reference);
    }

    [Fact]
    public void Value_OfAnotherOrder_IsAnother() =>
        Assert.NotEqual(DigestOf(ForecastSamples.Complete(1), ForecastSamples.Complete(2)), DigestOf(ForecastSamples.Complete(2), ForecastSamples.Complete(1)));

    [Fact]
    public void Value_AfterAnyCanonicalChange_IsAnother()
    {
        Action<SceneForecast>[] changes =
        [
            forecast => forecast.Tick++,
            forecast => forecast.CaptureFirst += TimeSpan.FromTicks(1),
            forecast => forecast.Deadline += TimeSpan.FromTicks(1),
            forecast => forecast.ValidUntil += TimeSpan.FromTicks(1),
            forecast => forecast.Validity = Validity.Degraded,
            forecast => forecast.Reasons = DegradedReasons.EgoEstimated,
            forecast => forecast.Manoeuvres = 8,
            forecast => forecast.Cameras[2] = new CameraUse(false, -1, default, MissingReason.Lost),
            forecast => forecast.NewestEgoStamp = null,
            forecast => forecast.EgoOrigin = EgoOrigin.Estimated,
            forecast => forecast.Given = PlanOrigin.Plan,
            forecast => forecast.Speed = MathF.BitIncrement(forecast.Speed),
            forecast => forecast.EgoPath[4] = forecast.EgoPath[4] with { Yaw = 0.5f },
            forecast => forecast.Occupancy[^1] ^= 1,
            forecast => forecast.PredictedChange[0] = float.NaN,
            forecast => forecast.Uncertainty[0] = 0.75f,
            forecast => forecast.RollingSkill[0] = float.NaN,
            forecast => forecast.Probability[79] = MathF.BitIncrement(forecast.Probability[79]),
            forecast => forecast.UpperBound[4] = 1,
            forecast => forecast.Guarantee = BoundGuarantee.Suspended,
            forecast => forecast.Level = RiskLevel.Elevated,
            forecast => forecast.Alarm = null,
            forecast => forecast.Alarm!.PeakProbability = 1,
            forecast => forecast.TimeToCollisionS = float.NaN,
            forecast => forecast.Sector = Sector.Rear,
            forecast => forecast.HazardCamera = -1,
            forecast => forecast.Controls[159] = 2,
            forecast => forecast.Comfort[15] = 2,
            forecast => forecast.Progress[15] = 2,
            forecast => forecast.InSupport[15] ^= true,
            forecast => (forecast.Ranking[0], forecast.Ranking[1]) = (forecast.Ranking[1], forecast.Ranking[0]),
            forecast => forecast.Margin = 0.5f,
            forecast => forecast.Tie = true,
            forecast => forecast.Surprise.Moment = null,
            forecast => forecast.Surprise.Gap = SurpriseGap.None,
            forecast => forecast.Surprise.Overall = 6,
            forecast => forecast.Surprise.Threshold = 4,
            forecast => forecast.Surprise.Surprised = false,
            forecast => forecast.Surprise.Error[1] = float.NaN,
            forecast => forecast.Surprise.Score[0] = 4,
            forecast => forecast.SeenBefore = SeenBefore.Nothing(SeenBeforeGap.Off, isNew: false),
            forecast => forecast.SeenBefore = forecast.SeenBefore with { Similarity = 0.5f },
            forecast => forecast.SeenBefore = forecast.SeenBefore with { Alike = 4 },
            forecast => forecast.SeenBefore = forecast.SeenBefore with { NearestDrive = "another" },
            forecast => forecast.SeenBefore = forecast.SeenBefore with { IsNew = false },
        ];
        var seen = new HashSet<string> { DigestOf(ForecastSamples.Complete()) };
        Assert.All(changes, change =>
        {
            var forecast = ForecastSamples.Complete();
            change(forecast);
            Assert.True(seen.Add(DigestOf(forecast)));
        });
    }

    [Fact]
    public void CanonicalBytes_OfTickMessages_LeaveOutExactlyWhatTheSchemaMarks()
    {
        var marked = FieldsMarkedNotCanonical();
        Assert.Contains("Envelope.session", marked);
        var forecast = ForecastSamples.Complete();
        var nobody = new MessageIdentity("v", Guid.Empty, SourceKind.Live, "c", "p", "s", "0");
        var constants = new MessageConstants(ForecastSamples.Manifest, ForecastSamples.Rig, nobody);
        Google.Protobuf.IMessage[] messages =
        [
            Proto.Scene.Parser.ParseFrom(Canonical(new SceneOf(constants, Zlib: null, forecast, ForecastSamples.Stamp))),
            Proto.Risk.Parser.ParseFrom(Canonical(new RiskOf(constants, forecast, ForecastSamples.Stamp))),
            Proto.Plan.Parser.ParseFrom(Canonical(new PlanOf(constants, new PlanMessage(5), forecast, ForecastSamples.Stamp))),
        ];
        var fields = messages.SelectMany(SchemaRules.Fields).ToList();
        var empty = new HashSet<string> { "Envelope.validity_reasons", "FrameSet.cameras_missing", "Bound.guarantee_reasons" };
        Assert.All(fields.Where(field => !field.Field.Name.EndsWith("_reason", StringComparison.Ordinal)), field =>
        {
            var name = $"{field.Field.ContainingType.Name}.{field.Field.Name}";
            Assert.True(field.Present == !(marked.Contains(name) || empty.Contains(name)), name);
        });
    }

    [Fact]
    public void Add_AfterWarmUp_AllocatesNothing()
    {
        var digest = new CanonicalDigest(ForecastSamples.Manifest, ForecastSamples.Rig);
        var forecast = ForecastSamples.Complete();
        Assert.Equal(0, SteadyState.Allocated(() =>
        {
            for (var i = 0; i < 100; i++)
            {
                digest.Add(forecast);
            }
        }));
    }

    private static string DigestOf(params SceneForecast[] forecasts)
    {
        var digest = new CanonicalDigest(ForecastSamples.Manifest, ForecastSamples.Rig);
        foreach (var forecast in forecasts)
        {
            digest.Add(forecast);
        }

        return digest.Value;
    }

    private static byte[] Canonical<TMessage>(TMessage message)
        where TMessage : struct, IMessage
    {
        var buffer = new MessageBuffer();
        var writer = new ProtobufMessageWriter(buffer, canonicalOnly: true);
        message.WriteTo(ref writer);
        return buffer.Written.ToArray();
    }

    private static HashSet<string> FieldsMarkedNotCanonical([CallerFilePath] string here = "")
    {
        var schema = Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "Pipeline", "Publishing", "forecast.proto");
        var marked = new HashSet<string>();
        var message = "";
        foreach (var line in File.ReadLines(schema))
        {
            message = Regex.Match(line, @"^message (\w+)") is { Success: true } start ? start.Groups[1].Value : message;
            if (Regex.Match(line, @"(\w+) = \d+;.*NOT canonical: \w+") is { Success: true } field)
            {
                marked.Add($"{message}.{field.Groups[1].Value}");
            }
        }

        return marked;
    }
}
