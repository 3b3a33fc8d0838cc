using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Tests.Fakes;
using Forecast.Replay.Calibration;

namespace Forecast.Pipeline.Tests.Replay.Calibration;

/// <summary>Forty drives of two ticks each: on each an intended and another manoeuvre, whose logits say at every horizon too much by one.</summary>
public sealed class RigCalibrationFitTests
{
    private const int Drives = 40;
    private static readonly ModelManifest Manifest = TestManifest.Create();

    [Fact]
    public void Fit_EnoughOfEach_IsTheScalingOfAllRecordsByTheirWeight()
    {
        var records = Records(colliding: 20);
        var fit = new RigCalibrationFit(records, Drives, [], Manifest, egoEstimated: false);

        var horizon = fit.Horizons[0];
        var expected = LogisticFit.Fit(0.5, [.. records.Select(record => record.Logits[0])], [.. records.Select(record => record.Hits[0] == true)], [.. records.Select(record => record.Weight)]);
        Assert.Equal((true, expected, Drives, 20), (horizon.Fitted, horizon.Scaling, horizon.Drives, horizon.Collisions));
        Assert.InRange(expected.Bias, -3, -0.2);
        Assert.True(horizon.ErrorAfter < horizon.ErrorBefore, $"{horizon.ErrorBefore} to {horizon.ErrorAfter}");
        Assert.Equal(fit.Horizons.Select(one => one.Scaling), fit.Risk);
        Assert.DoesNotContain(fit.Missing, missing => missing.StartsWith("risk at", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(36)]
    public void Fit_TooFewOfOneKind_KeepsTheModelsOwnAndSaysSo(int colliding)
    {
        var fit = new RigCalibrationFit(Records(colliding), Drives, [], Manifest, egoEstimated: false);

        Assert.All(fit.Horizons, horizon => Assert.False(horizon.Fitted));
        Assert.Equal(Manifest.Calibration.Risk, fit.Risk);
        Assert.Contains(fit.Missing, missing => missing.StartsWith("risk at 0.5, 1, 2, 3, 4 s: a scaling needs 5 drives", StringComparison.Ordinal));
    }

    [Fact]
    public void Fit_Bound_IsThatOfTheIntendedManoeuvreAtItsFittedProbability()
    {
        var records = Records(colliding: 20);
        var fit = new RigCalibrationFit(records, Drives, [], Manifest, egoEstimated: false);
        var outcomes = records.Where(record => record.Intended).Select(record =>
            new Outcome(record.Drive, LogisticFit.Sigmoid((fit.Risk![0].Scale * record.Logits[0]) + fit.Risk[0].Bias), record.Hits[0] == true));

        var expected = UpperBoundFit.Fit([[.. outcomes]], Drives, RigCalibrationFit.Alpha);
        Assert.Equal(expected.Bounds[0], fit.UpperBound!.Bounds[0]);
        Assert.InRange(expected.Bounds[0][0], 0.1, 0.99);
        Assert.Equal((Drives, expected.Bounds[0][0], expected.Bounds[0][^1]), (fit.UpperBound.SampleCount, fit.Horizons[0].LeastBound, fit.Horizons[0].GreatestBound));
    }

    /// <summary>What is published of a horizon is never below the nearer ones', so the bound is looked up there, and measured there.</summary>
    [Fact]
    public void Fit_LaterHorizonSaysLess_BoundsItWhereItIsPublished()
    {
        List<RiskRecord> records = [.. Enumerable.Range(0, Drives).Select(drive => new RiskRecord(drive, true, 56, [2, -9, -9, -9, -9], [.. Enumerable.Repeat((bool?)(drive < 4), 5)]))];
        var fit = new RigCalibrationFit(records, Drives, [], Manifest, egoEstimated: false);

        Assert.All(fit.UpperBound!.Bounds, bounds => Assert.Equal(ClopperPearson.Upper(4, Drives, 0.1), bounds[^1], 1e-4));
    }

    [Fact]
    public void Fit_OutcomeNotKnown_IsLeftOut()
    {
        var records = Records(colliding: 20).ConvertAll(record => record with { Hits = [record.Hits[0], null, null, null, null] });
        var fit = new RigCalibrationFit(records, Drives, [], Manifest, egoEstimated: false);

        Assert.Equal([true, false, false, false, false], fit.Horizons.Select(horizon => horizon.Fitted));
        Assert.Equal((0, 1.0), (fit.Horizons[1].Drives, fit.Horizons[1].LeastBound));
    }

    [Fact]
    public void Fit_NoLabels_HasNeitherRiskNorBound()
    {
        var fit = new RigCalibrationFit([], 0, [], Manifest, egoEstimated: false);
        Assert.Null(fit.Risk);
        Assert.Null(fit.UpperBound);
        Assert.Empty(fit.Horizons);
    }

    [Theory]
    [InlineData(10, 3, 3.0)]    // ten short drives promise 33 false alarms an hour: the model's own threshold, of hours of traffic, stands
    [InlineData(10, -50, null)] // but not where theirs is higher
    [InlineData(500, 3, null)] // an hour and a half: theirs is taken
    public void Fit_Surprise_UndercutsTheModelsThresholdOnlyWhereTheRateIsReached(int drives, double own, double? expected)
    {
        var random = new Random(4);
        List<SurpriseLook> looks = [.. Enumerable.Range(0, drives).SelectMany(drive => Enumerable.Range(0, 10).Select(i => new SurpriseLook(drive, i / 10.0, [random.NextDouble()])))];
        var period = TimeSpan.FromSeconds(drives == 500 ? 10 : 1);
        var calibration = Manifest.Calibration with { Surprise = new SurpriseCalibration(5, [TestSurprise.Norm(0.5, 0, 1, 4)], own, 1, 5, 0.1, 20) };
        var manifest = Manifest with { Calibration = calibration, TickPeriod = period };

        var fitted = SurpriseFit.Fit(looks, calibration.Surprise!, period)!;
        var fit = new RigCalibrationFit([], 0, looks, manifest, egoEstimated: false);

        Assert.InRange(fitted.Threshold, 1.5, 1.9); // the greatest of evenly spread values, in deviations
        Assert.Equal(expected ?? fitted.Threshold, fit.Surprise!.Threshold);
        Assert.Equal(drives < 500, fit.Missing.Any(missing => missing.StartsWith("surprise's false alarms to 1 an hour", StringComparison.Ordinal)));
    }

    /// <summary>Drives collide with the probability that their logit less one says, as many of them as are asked for.</summary>
    private static List<RiskRecord> Records(int colliding)
    {
        var random = new Random(6);
        var logits = Enumerable.Range(0, Drives).Select(_ => (random.NextDouble() * 4) - 2).ToArray();
        var records = new List<RiskRecord>();
        var danger = Enumerable.Range(0, Drives).OrderByDescending(drive => logits[drive] + Logistic()).Take(colliding).ToHashSet();
        for (var drive = 0; drive < Drives; drive++)
        {
            var hit = danger.Contains(drive);
            for (var tick = 0; tick < 2; tick++)
            {
                records.Add(Record(drive, intended: true, 56, logits[drive] + 1 + (tick / 10.0), hit));
                records.Add(Record(drive, intended: false, 1, logits[drive] + 1.5, hit));
            }
        }

        return records;

        double Logistic()
        {
            var share = random.NextDouble();
            return Math.Log(share / (1 - share));
        }

        static RiskRecord Record(int drive, bool intended, double weight, double logit, bool hit) =>
            new(drive, intended, weight, [.. Enumerable.Repeat(logit, 5)], [.. Enumerable.Repeat((bool?)hit, 5)]);
    }
}
