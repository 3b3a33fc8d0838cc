using Forecast.Benchmarks;

namespace Forecast.Pipeline.Tests.Benchmarks;

public sealed class SoakProbeTests
{
    [Fact]
    public void Look_AfterTheFirst_AllocatesNothing()
    {
        using var probe = new SoakProbe(TimeSpan.FromMinutes(5));
        probe.Look();
        Assert.Equal(0, SteadyState.Allocated(() =>
        {
            for (var i = 0; i < 60; i++)
            {
                probe.Look();
            }
        }));
        Assert.InRange(probe.Memory(TimeSpan.Zero)!.Value.StartMb, 10, 100_000);
    }

    [Fact]
    public void Look_BeyondTheLongest_IsNotKept()
    {
        using var probe = new SoakProbe(TimeSpan.FromSeconds(2));
        for (var i = 0; i < 10; i++)
        {
            probe.Look();
        }

        Assert.NotNull(probe.Memory(TimeSpan.Zero));
    }

    [Fact]
    public void Memory_TooShort_IsUnknown()
    {
        using var probe = new SoakProbe(TimeSpan.FromMinutes(5));
        probe.Look();

        Assert.Null(probe.Memory(TimeSpan.Zero));
        Assert.Null(probe.Memory(TimeSpan.FromHours(1)));
    }

    [Fact]
    public void ReadBytes_AfterTouchingMuch_GrowsByIt()
    {
        using var memory = new ResidentMemory();
        var before = memory.ReadBytes();
        var touched = GC.AllocateUninitializedArray<byte>(64 << 20, pinned: true);
        Array.Fill(touched, (byte)1);

        Assert.InRange(memory.ReadBytes() - before, 48 << 20, 512 << 20);
        GC.KeepAlive(touched);
    }

    [Fact]
    public void PagesOf_TheLineThatLinuxWrites_IsItsSecondNumber()
    {
        Assert.Equal(1234, ResidentMemory.PagesOf("65536 1234 900 3 0 5000 0\n"u8));
        Assert.Throws<FormatException>(() => ResidentMemory.PagesOf("65536"u8));
    }

    [Fact]
    public void Of_MemoryThatGrows_SaysByHowMuchAMinute()
    {
        double[] seconds = [10, 20, 30, 40];

        Assert.Equal(new MemoryTrend(100, 103, 6), MemoryTrend.Of(seconds, [100, 101, 102, 103]));
        Assert.Equal(0, MemoryTrend.Of(seconds, [100, 101, 101, 100]).MbPerMinute, 9);
    }
}
