using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;
using Proto = Forecast.V1;

namespace Forecast.Pipeline.Tests.Publishing;

/// <summary>Messages of a model that was calibrated apart for streams without an ego log: they name what was applied.</summary>
public sealed class RiskMessageTests
{
    private static readonly ModelManifest Apart = ForecastSamples.Manifest with
    {
        Calibration = ForecastSamples.Manifest.Calibration with { UpperBoundEgoEstimated = new UpperBoundTable("apart", 0.2, 77, [], []) },
        LevelsEgoEstimated = ForecastSamples.Manifest.Levels with { HorizonS = 3, AlarmN = 7 },
    };

    [Theory]
    [InlineData(EgoOrigin.Measured, "binned", 0.1, 512, 2)]
    [InlineData(EgoOrigin.Estimated, "apart", 0.2, 77, 3)]
    public void Risk_CalibratedApart_NamesTheBoundAndTheHorizonThatWereApplied(EgoOrigin ego, string method, double alpha, int n, double horizon)
    {
        var forecast = ForecastSamples.Complete();
        forecast.EgoOrigin = ego;
        using var encoder = new ForecastEncoder(Apart, ForecastSamples.Rig, ForecastSamples.Identity, MessageEncoding.Protobuf);

        var risk = Proto.Risk.Parser.ParseFrom(encoder.Risk(forecast, ForecastSamples.Stamp));

        Assert.Equal((method, alpha, (uint)n, horizon), (risk.Bound.Method, risk.Bound.Alpha, risk.Bound.N, risk.LevelHorizonS));
    }

    [Theory]
    [InlineData(MessageEncoding.Protobuf)]
    [InlineData(MessageEncoding.Json)]
    public void Model_LevelsApart_AreSaidOrTheirAbsenceIs(MessageEncoding encoding)
    {
        var (apart, plain) = (Model(Apart, encoding), Model(ForecastSamples.Manifest, encoding));

        Assert.Equal((3, 7u, ""), (apart.LevelsEgoEstimated.HorizonS, apart.LevelsEgoEstimated.AlarmN, apart.LevelsEgoEstimatedReason));
        Assert.Equal((null, "as_levels"), (plain.LevelsEgoEstimated, plain.LevelsEgoEstimatedReason));
        Assert.Empty(SchemaRules.Breaches(apart));
    }

    private static Proto.Model Model(ModelManifest manifest, MessageEncoding encoding)
    {
        using var encoder = new ForecastEncoder(manifest, ForecastSamples.Rig, ForecastSamples.Identity, encoding);
        var bytes = encoder.Model(ForecastSamples.Stamp);
        return encoding == MessageEncoding.Protobuf ? Proto.Model.Parser.ParseFrom(bytes) : Proto.Model.Parser.ParseJson(System.Text.Encoding.UTF8.GetString(bytes));
    }
}
