using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Tests.Fakes;

namespace Forecast.Pipeline.Tests.Risk;

public sealed class RiskCalibrationTests
{
    [Fact]
    public void Cumulative_IdentityScaling_IsOneMinusTheProductOfSurvivals()
    {
        var calibration = new RiskCalibration(TestManifest.Create().Calibration, EgoOrigin.Measured);
        float[] hazards = [-3, -1, 0, 2, -20];
        var probability = new float[5];

        calibration.Cumulative(hazards, imagined: false, probability);

        var survival = 1.0;
        for (var k = 0; k < 5; k++)
        {
            survival *= 1 - (1 / (1 + Math.Exp(-hazards[k])));
            Assert.Equal(1 - survival, probability[k], 1e-6);
        }
    }

    [Theory]
    [InlineData(-80f)]
    [InlineData(80f)]
    [InlineData(0f)]
    public void Cumulative_ExtremeLogits_StayProbabilitiesAndMonotone(float logit)
    {
        var calibration = new RiskCalibration(TestManifest.Create().Calibration, EgoOrigin.Measured);
        var probability = new float[5];

        calibration.Cumulative([logit, logit, logit, -logit, logit], imagined: false, probability);

        Assert.All(probability, p => Assert.InRange(p, 0f, 1f));
        Assert.Equal(probability.Order(), probability);
    }

    [Fact]
    public void Cumulative_BeyondWhatWasFitted_IsScaledFromTheEdgeAsInTraining()
    {
        var manifest = TestManifest.Create();
        var risk = manifest.Calibration.Risk.Select(scaling => scaling with { Scale = 0.3 }).ToList();
        var probability = new float[5];

        new RiskCalibration(manifest.Calibration with { Risk = risk }, EgoOrigin.Measured).Cumulative([-40, -40, -40, -40, -40], imagined: false, probability);

        Assert.All(probability, p => Assert.Equal(1 / (1 + Math.Exp(0.3 * Math.Log((1 - 1e-6) / 1e-6))), p, 1e-6));
    }

    [Fact]
    public void Cumulative_ScalingThatCrosses_IsMadeMonotone()
    {
        var manifest = TestManifest.Create();
        var risk = manifest.Calibration.Risk.Select((scaling, k) => scaling with { Bias = k == 1 ? -5 : 0 }).ToList();
        var calibration = new RiskCalibration(manifest.Calibration with { Risk = risk }, EgoOrigin.Measured);
        var probability = new float[5];

        calibration.Cumulative([0, -9, -9, -9, -9], imagined: false, probability);

        Assert.Equal(0.5f, probability[0], 1e-6f);
        Assert.Equal(probability[0], probability[1]);
        Assert.Equal(probability.Order(), probability);
    }

    [Fact]
    public void Cumulative_ImaginedManoeuvre_IsScaledByTheCandidatesOwnWhereThereIsOne()
    {
        var apart = TestManifest.Create().Calibration;
        var candidates = apart.Risk.Select(scaling => scaling with { Bias = 2 }).ToList();
        var estimated = apart.Risk.Select(scaling => scaling with { Bias = -2 }).ToList();
        var both = apart with { RiskCandidates = candidates, RiskEgoEstimated = estimated };

        Assert.Equal((0.5, 0.5), (Half(apart, EgoOrigin.Measured, imagined: false), Half(apart, EgoOrigin.Measured, imagined: true)));
        Assert.Equal((0.5, 0.88), (Half(both, EgoOrigin.Measured, imagined: false), Half(both, EgoOrigin.Measured, imagined: true)));
        Assert.Equal((0.12, 0.12), (Half(both, EgoOrigin.Estimated, imagined: false), Half(both, EgoOrigin.Estimated, imagined: true)));
        Assert.Equal(0.88, Half(both with { RiskCandidatesEgoEstimated = candidates }, EgoOrigin.Estimated, imagined: true));
    }

    [Fact]
    public void Bound_IsLookedUpNeverBelowAndMonotone()
    {
        var calibration = new RiskCalibration(TestManifest.Create().Calibration, EgoOrigin.Measured);
        var bound = new float[5];

        calibration.Bound([0.01f, 0.05f, 0.3f, 0.3f, 0.9f], bound);

        Assert.Equal([0.2f, 0.2f, 0.6f, 0.6f, 1f], bound);
    }

    /// <summary>What is said of an even chance within the first step.</summary>
    private static double Half(ModelCalibration calibration, EgoOrigin ego, bool imagined)
    {
        var probability = new float[5];
        new RiskCalibration(calibration, ego).Cumulative([0, -20, -20, -20, -20], imagined, probability);
        return Math.Round(probability[0], 2);
    }
}
