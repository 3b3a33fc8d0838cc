using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Memory;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Tests.Fakes;
using Forecast.Replay.Calibration;

namespace Forecast.Pipeline.Tests.Replay.Calibration;

public sealed class SurpriseFitTests
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);
    private static readonly SurpriseCalibration Own = new(5, [TestSurprise.Norm(0.5, 7, 7, 4, cellMean: 2), TestSurprise.Norm(1, 7, 7, 4)], 99, M: 3, N: 5, FalseAlarmsPerHour: 99, MeasuredHours: 99);

    [Fact]
    public void Fit_KnownErrors_GivesTheirMeanAndDeviation()
    {
        var looks = Drives(30, seed: 1);
        var fit = SurpriseFit.Fit(looks, Own, Tick)!;

        Assert.Equal([0.5, 1], fit.Norms.Select(norm => norm.HorizonS));
        Assert.Equal((-1, 0.3), (Math.Round(fit.Norms[0].Mean, 1), Math.Round(fit.Norms[0].Sd, 1)));
        Assert.Equal((-0.5, 0.2), (Math.Round(fit.Norms[1].Mean, 1), Math.Round(fit.Norms[1].Sd, 1)));
        Assert.Equal((5, 3, 5, 0.083333), (fit.WorstCells, fit.M, fit.N, fit.MeasuredHours)); // 3000 looks; statistic and rule stay the model's
        Assert.Equal([2, 2, 2, 2], fit.Norms[0].CellMean.ToArray());
    }

    [Fact]
    public void Fit_AbruptWithOwnMotion_IsTheMedianAndThe97thAndTheThresholdCoversBoth()
    {
        var random = new Random(8);
        var looks = Drives(30, seed: 1).ConvertAll(look => look with { OwnMotion = random.NextDouble() });
        var own = Own with { Abrupt = true, OwnMotion = new OwnMotionNorm(3, 9, 9) };
        var fit = SurpriseFit.Fit(looks, own, Tick)!;

        Assert.Equal((3, 0.5, 0.5), (fit.OwnMotion!.Ticks, Math.Round(fit.OwnMotion.Centre, 1), Math.Round(fit.OwnMotion.Width, 1)));
        Assert.Equal(-1, fit.Norms[0].Mean, 0.05);
        Assert.InRange(fit.Norms[0].Sd, 0.5, 0.65); // 1.88 deviations of 0.3
        var restless = looks.ConvertAll(look => look with { OwnMotion = look.OwnMotion + (look is { Drive: 3, MomentS: < 1 } ? 5 : 0) });
        Assert.True(SurpriseFit.Fit(restless, own, Tick)!.Threshold > fit.Threshold + 5);
    }

    [Fact]
    public void Fit_TheDrivesThemselves_AlarmInNoneOfThemAndJustBelowInOne()
    {
        var looks = Drives(40, seed: 2);
        var fit = SurpriseFit.Fit(looks, Own, Tick)!;

        Assert.Equal(0, Alarming(looks, fit));
        Assert.Equal(1, Alarming(looks, fit with { Threshold = fit.Threshold - 0.002 }));
        Assert.Equal(1 / 41.0 / (10 / 3600.0), fit.FalseAlarmsPerHour, 0.001); // of 41 alike, each is the highest as often
    }

    [Fact]
    public void Fit_ManyHours_AllowsAsManyAlarmsAsAskedFor()
    {
        // 400 minutes: a rate of 1 an hour is 6.7 events of 401 drives, one of them for the drive to come.
        var looks = Drives(400, seed: 3, looksADrive: 600);
        var fit = SurpriseFit.Fit(looks, Own, Tick)!;

        Assert.InRange(Alarming(looks, fit), 1, 5);
        Assert.InRange(fit.FalseAlarmsPerHour, 0.3, 1);
        Assert.Equal(400 / 60.0, fit.MeasuredHours, 1e-4);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Fit_DriveThatAlarmsAgainAndAgain_CountsEveryEvent(int events)
    {
        var looks = new List<SurpriseLook>();
        for (var drive = 0; drive < 30; drive++)
        {
            looks.AddRange(Enumerable.Range(0, 100).Select(i => new SurpriseLook(drive, i / 10.0, drive == 0 && i % 20 == 10 && i < events * 20 ? [10, 10] : [i % 7 / 70.0, i % 7 / 70.0])));
        }

        var fit = SurpriseFit.Fit(looks, Own with { M = 1 }, Tick)!;
        Assert.Equal(events / 31.0 / (10 / 3600.0), fit.FalseAlarmsPerHour, 0.001); // the drive to come may be like the worst one
    }

    [Fact]
    public void Fit_NewDrives_AlarmAboutAsOftenAsPromised()
    {
        var promised = 0.0;
        var alarmed = 0;
        for (var seed = 10; seed < 40; seed++)
        {
            promised += SurpriseFit.Fit(Drives(40, seed), Own, Tick)!.FalseAlarmsPerHour * 40 * 10 / 3600;
            alarmed += Alarming(Drives(40, seed + 1000), SurpriseFit.Fit(Drives(40, seed), Own, Tick)!);
        }

        Assert.InRange(alarmed, promised * 0.5, promised * 1.6); // 29 promised of 1,200
    }

    [Fact]
    public void Fit_TooFewLooks_IsNull() => Assert.Null(SurpriseFit.Fit([.. Drives(1, seed: 1).Take(SurpriseFit.LeastLooks - 1)], Own, Tick));

    /// <summary>How many drives the pipeline's own tracker alarms in.</summary>
    private static int Alarming(List<SurpriseLook> looks, SurpriseCalibration fit) => looks.GroupBy(look => look.Drive).Count(drive =>
    {
        var tracker = new SurpriseTracker(Guid.NewGuid);
        return drive.Select(look =>
        {
            var score = fit.Norms.Select((norm, i) => (look.Values[i] - norm.Mean) / norm.Sd).Average();
            return tracker.See(new Timestamp((long)(look.MomentS * 1e9)), (float)score, fit);
        }).ToList().Contains(AlarmEdge.Rising);
    });

    private static List<SurpriseLook> Drives(int drives, int seed, int looksADrive = 100)
    {
        var random = new Random(seed);
        var looks = new List<SurpriseLook>();
        for (var drive = 0; drive < drives; drive++)
        {
            var of = random.NextDouble(); // a drive's ticks are alike
            for (var i = 0; i < looksADrive; i++)
            {
                looks.Add(new SurpriseLook(drive, i / 10.0, [-1 + (0.3 * Spread(of)), -0.5 + (0.2 * Spread(of))]));
            }
        }

        return looks;

        double Spread(double of) => ((of + random.NextDouble() + random.NextDouble() + random.NextDouble()) - 2) * Math.Sqrt(3);
    }
}
