using Forecast.Pipeline.Scheduling;
using static Forecast.Pipeline.Tests.Fakes.JourneyRig;

namespace Forecast.Pipeline.Tests.Scheduling;

public sealed class AdmissionTests
{
    private static readonly TimeSpan Budget = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);

    [Fact]
    public void Decide_NeverDispatchesWhatCostSaysIsLate_Exhaustively()
    {
        for (var first = 0; first <= 100; first += 10)
        {
            for (var second = 0; second <= first; second += 10)
            {
                for (var age = 0; age <= 110; age += 5)
                {
                    var costs = Costs(first, second, Math.Min(second, 5));
                    var rung = new Admission(costs, Budget, Period).Decide(At(1000 + age), At(1000));
                    if (rung >= 0)
                    {
                        Assert.True(At(1000 + age) + costs.Cost(rung) <= At(1000) + Budget);
                    }
                    else
                    {
                        Assert.True(At(1000 + age) + costs.Cost(2) > At(1000) + Budget);
                    }
                }
            }
        }
    }

    [Fact]
    public void Decide_StallAtALowRung_IsNotForgottenByTheHigherOnes()
    {
        var costs = Costs(30, 20, 10, frozen: false);
        var admission = new Admission(costs, Budget, Period);
        Assert.Equal(1, admission.Decide(At(1070), At(1000)));
        costs.ObserveRun(1, TimeSpan.FromMilliseconds(80)); // that rung's estimate now lies above the higher one's

        var rung = admission.Decide(At(1150), At(1100)); // 50 ms of slack

        Assert.Equal(2, rung);
    }

    /// <summary>
    /// What is dispatched, and is no probe, ends in time if the run takes no longer than its cost says: whatever services, ages and gaps came before.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Decide_WhateverWasObservedBefore_DispatchesOnlyWhatFitsOrProbes(int seed)
    {
        var random = new Random(seed);
        var dispatched = 0;
        for (var drive = 0; drive < 200; drive++)
        {
            var costs = Costs(random.Next(5, 90), random.Next(5, 60), random.Next(1, 40), frozen: drive % 2 == 0);
            var admission = new Admission(costs, Budget, Period);
            var now = At(1000);
            for (var tick = 0; tick < 60; tick++)
            {
                now += TimeSpan.FromMilliseconds(random.Next(20, 250));
                var oldest = now - TimeSpan.FromMilliseconds(random.Next(0, 110));
                var slack = oldest + Budget - now;
                var rung = admission.Decide(now, oldest);
                if (rung < 0)
                {
                    Assert.True(costs.Cost(2) > slack);
                    continue;
                }

                Assert.True(costs.Cost(rung) <= slack || (rung == 2 && costs.Cost(2) > slack));
                dispatched++;
                costs.ObserveRun(rung, TimeSpan.FromMilliseconds(random.Next(4) == 0 ? random.Next(1, 150) : random.Next(1, 40)));
            }
        }

        Assert.True(dispatched > 1000);
    }

    [Fact]
    public void Decide_RungComesUpOnlyAfterTenSetsWithRoom()
    {
        var admission = new Admission(Costs(40, 30, 10), Budget, Period);
        Assert.Equal(0, admission.Decide(At(1000), At(1000)));
        Assert.Equal(2, admission.Decide(At(1180), At(1100))); // little slack: straight down
        var rungs = Enumerable.Range(2, 25).Select(i => admission.Decide(At(1000 + (i * 100)), At(1000 + (i * 100)))).ToList();

        Assert.Equal([.. Enumerable.Repeat(2, 9), .. Enumerable.Repeat(1, 10), .. Enumerable.Repeat(0, 6)], rungs);
    }

    [Fact]
    public void Decide_NothingDispatchedForThreePeriods_ProbesOnceAtTheLowestRung()
    {
        var admission = new Admission(Costs(500, 400, 300), Budget, Period);

        var rungs = Enumerable.Range(0, 8).Select(i => admission.Decide(At(1000 + (i * 100)), At(1000 + (i * 100)))).ToList();

        Assert.Equal([-1, -1, -1, 2, -1, -1, 2, -1], rungs);
    }

    [Fact]
    public void ObserveRun_CostlierRun_RaisesAtOnceAndDecaysSlowly()
    {
        var costs = new CostTable([16], [TimeSpan.FromMilliseconds(10)], frozen: false);
        var before = costs.Cost(0);
        costs.ObserveRun(0, TimeSpan.FromMilliseconds(30));
        Assert.True(costs.Cost(0) > TimeSpan.FromMilliseconds(30));
        for (var i = 0; i < 200; i++)
        {
            costs.ObserveRun(0, TimeSpan.FromMilliseconds(10));
        }

        Assert.Equal(before.TotalMilliseconds, costs.Cost(0).TotalMilliseconds, 0.1);
    }

    [Fact]
    public void ObservePublishing_CostlierPublishing_RaisesEveryRungAtOnce()
    {
        var costs = Costs(30, 20, 10, frozen: false);
        costs.ObservePublishing(TimeSpan.FromMilliseconds(70));

        Assert.Equal(1, new Admission(costs, Budget, Period).Decide(At(1000), At(1000)));
        Assert.True(costs.Cost(2) > TimeSpan.FromMilliseconds(80));
    }

    [Fact]
    public void Decide_StallAtTheLowestRung_IsOverWithTheFirstProbe()
    {
        var costs = Costs(40, 30, 20, frozen: false);
        var admission = new Admission(costs, Budget, Period);
        Assert.Equal(2, admission.Decide(At(1070), At(1000)));
        costs.ObserveRun(2, TimeSpan.FromMilliseconds(400));
        Assert.Equal([-1, -1, 2], Enumerable.Range(2, 3).Select(i => admission.Decide(At(970 + (i * 100)), At(970 + (i * 100)))));
        costs.ObserveRun(2, TimeSpan.FromMilliseconds(20), probe: true);

        Assert.Equal(2, admission.Decide(At(1500), At(1500)));
    }

    [Fact]
    public void Decide_OneStallAtTheHighestRung_ComesBackToIt()
    {
        var costs = new CostTable([16, 8, 1], [TimeSpan.FromMilliseconds(25), TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(15)], frozen: false);
        var admission = new Admission(costs, Budget, Period);
        Assert.Equal(0, admission.Decide(At(1000), At(1000)));
        costs.ObserveRun(0, TimeSpan.FromMilliseconds(300));
        Assert.Equal(1, admission.Decide(At(1100), At(1100)));

        var rung = 1;
        for (var i = 2; i < 80 && rung > 0; i++)
        {
            costs.ObserveRun(rung, TimeSpan.FromMilliseconds(20));
            rung = admission.Decide(At(1000 + (i * 100)), At(1000 + (i * 100)));
        }

        Assert.Equal(0, rung);
    }

    [Fact]
    public void Observe_Frozen_ChangesNothing()
    {
        var costs = new CostTable([16], [TimeSpan.FromMilliseconds(10)], frozen: true);
        var before = costs.Cost(0);
        costs.ObserveRun(0, TimeSpan.FromMilliseconds(30));
        costs.ObservePublishing(TimeSpan.FromMilliseconds(30));

        Assert.Equal(before, costs.Cost(0));
    }

    private static CostTable Costs(double first, double second, double third, bool frozen = true) =>
        new([16, 8, 1], [TimeSpan.FromMilliseconds(first), TimeSpan.FromMilliseconds(second), TimeSpan.FromMilliseconds(third)], frozen);
}
