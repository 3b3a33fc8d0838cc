using Forecast.Pipeline.WhatIf;

namespace Forecast.Pipeline.Tests.WhatIf;

public sealed class AnswerCostTests
{
    private readonly AnswerCost _cost = new([TimeSpan.FromMilliseconds(10)]);

    [Fact]
    public void Observe_Costlier_IsTheEstimateAtOnce()
    {
        _cost.Observe(0, TimeSpan.FromMilliseconds(50));

        Assert.Equal(56, _cost.Of(0).TotalMilliseconds, 3);
    }

    [Fact]
    public void Shed_AfterAStall_ComesDownToTheFirstEstimateAndNoFurther()
    {
        _cost.Observe(0, TimeSpan.FromMilliseconds(500));
        for (var i = 0; i < 500; i++)
        {
            _cost.Shed(0);
        }

        Assert.Equal(12, _cost.Of(0).TotalMilliseconds, 3);
    }
}
