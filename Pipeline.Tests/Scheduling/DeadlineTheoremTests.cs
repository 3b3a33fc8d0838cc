using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Scheduling;

namespace Forecast.Pipeline.Tests.Scheduling;

/// <summary>
/// docs/deadlines.md in virtual time: a server that is busy for as long as the script says, and a statement of the theorem that knows nothing of
/// <see cref="CostTable"/> and <see cref="Admission"/>: it works every cost out anew from the whole history.
/// </summary>
public sealed class DeadlineTheoremTests
{
    private static readonly TimeSpan Budget = Ms(100);
    private static readonly TimeSpan Period = Ms(100);
    private static readonly TimeSpan[] FirstRuns = [Ms(40), Ms(25), Ms(10)];
    private static readonly TimeSpan FirstPublishing = Ms(2);

    [Fact]
    public void EverySequenceOfThree_OfManyGapsAgesAndServices_KeepsTheTheorem() =>
        Exhaust(length: 3, gaps: [10, 60, 130, 320], ages: [0, 40, 84], services: [5, 30, 70, 200]);

    [Fact]
    public void EverySequenceOfFive_OfFewGapsAgesAndServices_KeepsTheTheorem() =>
        Exhaust(length: 5, gaps: [20, 110], ages: [5, 72], services: [12, 45, 150]);

    /// <summary>The service often takes exactly what was promised, or a hundred nanoseconds more, and the set comes with exactly that much left, or with a hundred nanoseconds less.</summary>
    [Fact]
    public void AdversarialJitter_ServiceAtItsPromiseAndSlackAtItsEdge_IsOnTimeToTheTick()
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            var random = new Random(seed);
            var run = new VirtualRun();
            for (var step = 0; step < 500; step++)
            {
                var edge = run.Cost(random.Next(3)) + TimeSpan.FromTicks(random.Next(-1, 2));
                var age = edge < Budget ? Budget - edge : TimeSpan.Zero;
                run.Step(Ms(random.Next(20, 200)), age, promised => random.Next(4) switch { 0 => promised, 1 => promised + TimeSpan.FromTicks(1), _ => Ms(4) });
            }

            run.AssertTheorem();
            Assert.True(run is { OnTime: > 50, Violations: > 5, Dropped: > 5 }, run.ToString());
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(300)]
    [InlineData(4000)]
    public void RandomServices_WithHeavyTails_KeepTheTheorem(int seed)
    {
        var random = new Random(seed);
        var run = new VirtualRun();
        for (var step = 0; step < 4000; step++)
        {
            var service = Ms(8 / Math.Pow(1 - random.NextDouble(), 0.7)); // Pareto: most take 8 to 20 ms, some ten times that
            run.Step(Ms(random.Next(1, 250)), Ms(random.NextDouble() * 110), _ => service);
        }

        run.AssertTheorem();
        Assert.True(run is { OnTime: > 500, Violations: > 50, Dropped: > 50, Probes: > 5 }, run.ToString());
    }

    private static void Exhaust(int length, int[] gaps, int[] ages, int[] services)
    {
        var choices = gaps.Length * ages.Length * services.Length;
        var (onTime, violations, dropped, probes) = (0L, 0L, 0L, 0L);
        for (var sequence = 0; sequence < Math.Pow(choices, length); sequence++)
        {
            var run = new VirtualRun();
            for (var (step, left) = (0, sequence); step < length; step++, left /= choices)
            {
                var choice = left % choices;
                var service = Ms(services[choice / gaps.Length / ages.Length]);
                run.Step(Ms(gaps[choice % gaps.Length]), Ms(ages[choice / gaps.Length % ages.Length]), _ => service);
            }

            run.AssertTheorem();
            (onTime, violations, dropped, probes) = (onTime + run.OnTime, violations + run.Violations, dropped + run.Dropped, probes + run.Probes);
        }

        Assert.True(onTime > 1000 && violations > 1000 && dropped > 1000 && probes > 100, $"{onTime} {violations} {dropped} {probes}");
    }

    private static TimeSpan Ms(double milliseconds) => TimeSpan.FromTicks((long)(milliseconds * TimeSpan.TicksPerMillisecond));

    private readonly record struct Event(Timestamp At, Timestamp Deadline, int Rung, TimeSpan Run, TimeSpan Publishing)
    {
        public bool IsProbe { get; init; }

        public TimeSpan Service => Run + Publishing;
    }

    /// <summary>Sets come a gap after the server is free, of some age; each is dispatched or dropped, and what it took is told as the pipeline tells it.</summary>
    private sealed class VirtualRun
    {
        private readonly CostTable _costs = new([16, 8, 1], FirstRuns, frozen: false, FirstPublishing);
        private readonly Admission _admission;
        private readonly List<Event> _events = [];
        private Timestamp _now = new(1_000_000_000);

        public VirtualRun() => _admission = new Admission(_costs, Budget, Period);

        public int OnTime { get; private set; }

        public int Violations { get; private set; }

        public int Dropped { get; private set; }

        public int Probes { get; private set; }

        public TimeSpan Cost(int rung) => _costs.Cost(rung);

        public void Step(TimeSpan gap, TimeSpan age, Func<TimeSpan, TimeSpan> service)
        {
            _now += gap;
            var oldest = _now - age;
            var rung = _admission.Decide(_now, oldest);
            if (rung < 0)
            {
                _events.Add(new Event(_now, oldest + Budget, -1, default, default));
                return;
            }

            var promised = _costs.Cost(rung);
            var took = service(promised);
            var probe = _now + promised > oldest + Budget;
            var publishing = took / 8;
            _events.Add(new Event(_now, oldest + Budget, rung, took - publishing, publishing));
            _now += took;
            _costs.ObserveRun(rung, took - publishing, probe);
            _costs.ObservePublishing(publishing, probe);
        }

        public void AssertTheorem()
        {
            var reference = new ReferenceCost();
            var quietSince = _events[0].At;
            foreach (var happened in _events)
            {
                var slack = happened.Deadline - happened.At;
                var cheapest = reference.Of(2);
                var probeIsDue = happened.At - quietSince >= 3 * Period;
                if (happened.Rung < 0)
                {
                    Dropped++;
                    Assert.True(cheapest > slack && !probeIsDue, "a set was dropped that could have been run");
                    continue;
                }

                quietSince = happened.At;
                var promised = reference.Of(happened.Rung);
                if (promised > slack)
                {
                    Probes++;
                    Assert.True(cheapest > slack && probeIsDue && happened.Rung == 2, "a set was dispatched that its cost says is late, and that is no probe");
                }
                else if (happened.Service <= promised)
                {
                    OnTime++;
                    Assert.True(happened.At + happened.Service <= happened.Deadline, "a set kept its cost and was late");
                }
                else
                {
                    Violations++;
                }

                reference.Learn(happened with { IsProbe = promised > slack });
            }
        }

        public override string ToString() => $"on time {OnTime}, violations {Violations}, dropped {Dropped}, probes {Probes}";
    }

    /// <summary>The cost as the document defines it, over the list of all that was observed.</summary>
    private sealed class ReferenceCost
    {
        private readonly List<Event> _seen = [];

        public void Learn(Event happened) => _seen.Add(happened);

        public TimeSpan Of(int rung)
        {
            var runs = FirstRuns.Select(run => run.TotalSeconds).ToArray();
            var publishing = FirstPublishing.TotalSeconds;
            foreach (var seen in _seen)
            {
                runs[seen.Rung] = seen.IsProbe ? seen.Run.TotalSeconds : Upper(runs[seen.Rung], seen.Run.TotalSeconds);
                publishing = seen.IsProbe ? seen.Publishing.TotalSeconds : Upper(publishing, seen.Publishing.TotalSeconds);
                for (var higher = 0; higher < seen.Rung; higher++)
                {
                    var floor = Math.Max(FirstRuns[higher].TotalSeconds, runs[seen.Rung]);
                    runs[higher] = runs[higher] > floor ? runs[higher] - (0.05 * (runs[higher] - floor)) : runs[higher];
                }
            }

            return TimeSpan.FromSeconds((runs[rung..].Max() + publishing) * 1.1) + Ms(1);
        }

        private static double Upper(double known, double seen) => seen > known ? seen : known - (0.05 * (known - seen));
    }
}
