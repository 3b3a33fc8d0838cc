using Forecast.Adapters.OnnxRuntime;

namespace Forecast.Pipeline.Tests.OnnxRuntime;

public sealed class FiniteTests
{
    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void All_OneThatIsNot_IsFoundAnywhere(float bad)
    {
        var values = new float[37];
        for (var i = 0; i < values.Length; i++)
        {
            Array.Fill(values, i % 2 == 0 ? float.MaxValue : -float.Epsilon);
            Assert.True(Finite.All(values));
            values[i] = bad;
            Assert.False(Finite.All(values));
        }
    }

    [Fact]
    public void All_Nothing_IsTrue() => Assert.True(Finite.All([]));
}
