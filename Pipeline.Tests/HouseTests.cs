using Microsoft.ML.OnnxRuntime;

namespace Forecast.Pipeline.Tests;

public sealed class HouseTests
{
    [Fact]
    public void OnnxRuntimeCore_IsOfTheManagedSourcesVersion() => Assert.Equal("1.29.0", OrtEnv.Instance().GetVersionString());
}
