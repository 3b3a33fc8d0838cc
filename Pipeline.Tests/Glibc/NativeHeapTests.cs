using Forecast.Adapters.Glibc;

namespace Forecast.Pipeline.Tests.Glibc;

public sealed class NativeHeapTests
{
    [Fact]
    public void Share_OnDebian_IsTaken() => Assert.True(NativeHeap.Share(64));

    [Fact]
    public void Share_None_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => NativeHeap.Share(0));
}
