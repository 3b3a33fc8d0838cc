using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Tests.Fakes;

namespace Forecast.Pipeline.Tests.Inference;

public sealed class RigCalibrationTests
{
    private static readonly ModelManifest Manifest = Apart(TestManifest.Create());

    [Fact]
    public void ApplyTo_MeasuredMotion_TakesThePlaceOfTheModelsOwnAndPromisesNothingWithoutALog()
    {
        var manifest = Calibration(egoEstimated: false).ApplyTo(Manifest);

        Assert.Equal(("car-7", "f11e"), (manifest.CalibrationDomain, manifest.CalibrationSha256));
        Assert.Equal((0.5, 77), (manifest.Calibration.RiskFor(EgoOrigin.Measured)[0].Scale, manifest.Calibration.UpperBoundFor(EgoOrigin.Measured).SampleCount));
        Assert.Equal(2, manifest.Calibration.RiskFor(EgoOrigin.Estimated)[0].Scale); // the model's own scaling for estimated motion
        Assert.Null(manifest.Calibration.UpperBoundEgoEstimated);                    // whose bound nobody has measured on this rig: it is suspended
        Assert.Equal(9, manifest.Calibration.Surprise!.Threshold);
        Assert.Null(manifest.Calibration.SurpriseEgoEstimated);
        Assert.Equal((Manifest.Name, Manifest.Sha256), (manifest.Name, manifest.Sha256));
    }

    [Fact]
    public void ApplyTo_EstimatedMotion_BoundsMeasuredMotionByOne()
    {
        var manifest = Calibration(egoEstimated: true).ApplyTo(Manifest);

        Assert.Equal((0.5, 77), (manifest.Calibration.RiskFor(EgoOrigin.Estimated)[0].Scale, manifest.Calibration.UpperBoundFor(EgoOrigin.Estimated).SampleCount));
        Assert.Equal(1, manifest.Calibration.RiskFor(EgoOrigin.Measured)[0].Scale);
        Assert.All(manifest.Calibration.UpperBoundFor(EgoOrigin.Measured).Bounds, bounds => Assert.Equal([1.0], bounds));
        Assert.Equal(9, manifest.Calibration.SurpriseEgoEstimated!.Threshold);
        Assert.Null(manifest.Calibration.Surprise);
    }

    [Fact]
    public void ApplyTo_WithoutLabels_ChangesSurpriseAloneAndKeepsTheDomain()
    {
        var manifest = (Calibration(egoEstimated: false) with { Risk = null, UpperBound = null }).ApplyTo(Manifest);

        Assert.Equal(TestManifest.Domain, manifest.CalibrationDomain);
        Assert.Same(Manifest.Calibration.UpperBound, manifest.Calibration.UpperBound);
        Assert.Same(Manifest.Calibration.UpperBoundEgoEstimated, manifest.Calibration.UpperBoundEgoEstimated);
        Assert.Equal(9, manifest.Calibration.Surprise!.Threshold);
    }

    [Theory]
    [InlineData("car-7", BoundGuarantee.Holds)]
    [InlineData(null, BoundGuarantee.NotEstablished)]
    public void ApplyTo_InAJourney_GuaranteesForItsDomain(string? domain, BoundGuarantee guarantee)
    {
        var rig = new JourneyRig(manifest: Calibration(egoEstimated: false).ApplyTo(Manifest), domain: domain);
        SceneForecast? last = null;
        for (var tick = 0; tick < 5; tick++)
        {
            rig.Parts.Motion.OnEgo(new(JourneyRig.At(1000 + (tick * 100)), JourneyRig.At(1000 + (tick * 100)), 10, 0, 0));
            last = rig.TickAndReturn(1000 + (tick * 100));
        }

        Assert.Equal(guarantee, last!.Guarantee);
        Assert.Equal(0.25f, last.UpperBound[0]);
    }

    internal static RigCalibration Calibration(bool egoEstimated) => new("model", new string('c', 64), "car", "car-7", egoEstimated, 0.1, 77)
    {
        Sha256 = "f11e",
        Risk = [.. Manifest.HorizonsS.Select(horizon => new LogitScaling(horizon, 0.5, -1))],
        UpperBound = new UpperBoundTable("drives", 0.1, 77, [.. Manifest.HorizonsS.Select(_ => (IReadOnlyList<double>)[0.2])], [.. Manifest.HorizonsS.Select(_ => (IReadOnlyList<double>)[0.25, 1])]),
        Surprise = new SurpriseCalibration(5, [TestSurprise.Norm(0.5, -1, 0.5, 24 * 16, cellMean: -2)], 9, 3, 5, 2.5, 0.75),
    };

    private static ModelManifest Apart(ModelManifest manifest) => manifest with
    {
        Calibration = manifest.Calibration with
        {
            RiskEgoEstimated = [.. manifest.HorizonsS.Select(horizon => new LogitScaling(horizon, 2, 0))],
            UpperBoundEgoEstimated = manifest.Calibration.UpperBound,
        },
    };
}
