using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Replay;

namespace Forecast.Pipeline.Tests.Replay;

public sealed class PacedEgoMotionTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData(new[] { 0, 20, 40 }, new[] { 10, 30, 60, 80 })] // the last two come after the motion's end
    [InlineData(new int[0], new[] { 0, 40 })]
    [InlineData(new[] { 0, 40 }, new int[0])]
    public void Start_AnyLog_DeliversAllOfItInOrderAndNoneBeforeItsTime(int[] egoMs, int[] planMs)
    {
        var clock = new RigClock(TimeProvider.System);
        var offset = clock.Now - default(Timestamp);
        var heard = new Heard(clock, egoMs.Length + planMs.Length);
        using (var source = new PacedEgoMotion([.. egoMs.Select(ms => new EgoSample(At(ms - 5), At(ms), 10, 0, 0))], [.. planMs.Select(ms => new PlanSample(At(ms - 5), At(ms), [1], [0]))], clock, () => offset))
        {
            source.Start(heard);
            Assert.True(heard.All.Wait(Limit), $"heard {heard.Log.Count} of {egoMs.Length + planMs.Length}");
        }

        var expected = egoMs.Select(ms => (Kind: "ego", Ms: ms)).Concat(planMs.Select(ms => (Kind: "plan", Ms: ms))).OrderBy(one => one.Ms);
        Assert.Equal(expected.Select(one => (one.Kind, At(one.Ms - 5) + offset)), heard.Log.Select(one => (one.Kind, one.Captured)));
        Assert.All(heard.Log, one => Assert.True(one.Heard >= one.Captured + TimeSpan.FromMilliseconds(5) && one.Arrived <= one.Heard, $"{one}"));
        Assert.All(heard.Log, one => Assert.True(one.Arrived >= one.Captured + TimeSpan.FromMilliseconds(5), $"{one}"));
    }

    [Fact]
    public void Dispose_WhileAPlanIsStillToCome_EndsAtOnce()
    {
        var clock = new RigClock(TimeProvider.System);
        var heard = new Heard(clock, 1);
        var source = new PacedEgoMotion([], [new PlanSample(At(3_600_000), At(3_600_000), [1], [0])], clock, () => clock.Now - default(Timestamp));
        source.Start(heard);

        source.Dispose();

        Assert.Empty(heard.Log);
    }

    private static Timestamp At(double milliseconds) => new((long)(milliseconds * 1_000_000));

    private sealed class Heard(RigClock clock, int expected) : IEgoMotionListener
    {
        public CountdownEvent All { get; } = new(expected);

        public List<(string Kind, Timestamp Captured, Timestamp Arrived, Timestamp Heard)> Log { get; } = [];

        public void OnEgo(in EgoSample sample) => Add("ego", sample.CaptureTime, sample.ArrivalTime);

        public void OnPlan(PlanSample plan) => Add("plan", plan.CaptureTime, plan.ArrivalTime);

        public void OnRejected(string reason) => throw new InvalidOperationException(reason);

        private void Add(string kind, Timestamp captured, Timestamp arrived)
        {
            Log.Add((kind, captured, arrived, clock.Now));
            All.Signal();
        }
    }
}
