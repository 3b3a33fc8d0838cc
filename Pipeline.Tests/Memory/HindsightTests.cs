using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Memory;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Tests.Fakes;
using static Forecast.Pipeline.Tests.Fakes.JourneyRig;

namespace Forecast.Pipeline.Tests.Memory;

public sealed class HindsightTests
{
    private const int Classes = 3;
    private const int SizeX = 48;
    private const int SizeY = 32;
    private const int Cells = SizeX * SizeY;
    private static readonly double[] Horizons = [0.5, 1, 2, 3, 4];

    private readonly EgoMotionTrack _motion = new();
    private readonly SceneForecast _forecast = new(TestManifest.Create(), TestRig.Of(1), 16);

    [Fact]
    public void See_PerfectForecastOfSomethingThatMoves_HasSkillOne()
    {
        // A block moves 4 m/s away from a standing ego: a cell every half second.
        var skill = Run(120, egoSpeed: 0, (tick, horizon) => 20 + (int)Math.Floor((tick * 0.1 * 2) + (horizon * 2)));

        Assert.All(skill, value => Assert.Equal(1, value, 0.001));
    }

    [Fact]
    public void See_ForecastThatNothingMoves_HasSkillZero()
    {
        var skill = Run(120, egoSpeed: 0, (tick, _) => 20 + (int)Math.Floor(tick * 0.1 * 2));

        Assert.All(skill, value => Assert.Equal(0, value, 0.001));
    }

    [Fact]
    public void See_StandingBlockAndMovingEgo_ComparesInTheFrameOfThen()
    {
        // The ego drives 4 m/s towards a block that stands: in its frame the block comes nearer, in the frame of then it stays. Persistence is
        // right, and so is a forecast that keeps the block where it is: there is no error to beat, hence no skill to speak of.
        var skill = Run(120, egoSpeed: 4, (tick, _) => 40 - (int)Math.Floor(tick * 0.1 * 2));

        Assert.All(skill, value => Assert.True(float.IsNaN(value) || Math.Abs(value) < 0.2, $"{value}"));
    }

    [Fact]
    public void See_TooFewComparisons_IsNotANumber()
    {
        var skill = Run(8, egoSpeed: 0, (_, _) => 20);
        Assert.All(skill, value => Assert.True(float.IsNaN(value)));
    }

    /// <param name="row">Row of the occupied block at a tick, as forecast for a horizon (0: as seen).</param>
    private float[] Run(int ticks, float egoSpeed, Func<int, double, int> row)
    {
        var hindsight = new Hindsight(TestManifest.Create(), _motion);
        for (var tick = 0; tick < ticks; tick++)
        {
            var now = At(1000 + (tick * 100));
            _motion.OnEgo(new EgoSample(now, now, egoSpeed, 0, 0));
            _forecast.Reference = now;
            _forecast.Dispatched = now;
            Array.Clear(_forecast.Occupancy);
            for (var h = 0; h <= Horizons.Length; h++)
            {
                var i = row(tick, h == 0 ? 0 : Horizons[h - 1]);
                if (i is >= 0 and < SizeX)
                {
                    _forecast.Occupancy[(h * Classes * Cells) + (i * SizeY) + 16] = 255;
                }
            }

            hindsight.See(_forecast);
        }

        return [.. _forecast.RollingSkill];
    }
}
