using Forecast.Pipeline.Alignment;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Tests.Fakes;

namespace Forecast.Pipeline.Tests.Alignment;

/// <summary>Three cameras at 10 Hz in virtual time, whose stamps jump: what becomes of the sets.</summary>
public sealed class ClockJumpTests
{
    private const int Cameras = 3;
    private const int Ticks = 40;
    private const int Jump = 10;
    private const int BelievedAfter = 2; // frames that a camera loses before its new time base is believed

    private readonly FramePool _pool = new(64, 4);
    private readonly Ledger _ledger = new(Cameras);
    private readonly List<Seen> _seen = [];
    private ulong _fingerprint = 1;

    [Theory]
    [InlineData(5000, DropReason.Jumped)]
    [InlineData(-5000, DropReason.Backward)]
    [InlineData(3_600_000, DropReason.Jumped)]
    public void OneCameraJumps_OthersGoOnAndItIsAlignedAgain(double byMs, DropReason reason)
    {
        Play((camera, tick) => camera == 1 && tick >= Jump ? byMs : 0);

        Assert.Equal(Ticks, _seen.Count);
        Assert.All(_seen, set => Assert.False(set.AfterJump));
        Assert.All(_seen, set => Assert.True(set.Captured[0] == Due(set, 0) && set.Captured[2] == Due(set, 2)));
        Assert.Equal(Ticks - BelievedAfter, _seen.Count(set => set.Captured[1] is not null));
        Assert.All(_seen.Skip(Jump + BelievedAfter), set => Assert.Equal(Due(set, 1), set.Captured[1]));
        Assert.Equal(BelievedAfter, _ledger.Copy().Cameras[1].Dropped[(int)reason]);
        Assert.Equal(BelievedAfter, _ledger.Copy().Cameras.Sum(camera => camera.Dropped.Sum()));
        Assert.Equal(Ticks, _ledger.Copy().Due);
    }

    [Theory]
    [InlineData(5000)]
    [InlineData(-5000)]
    public void AllJumpTogether_TheRigTakesTheNewTimeAndSaysSo(double byMs)
    {
        Play((_, tick) => tick >= Jump ? byMs : 0);

        Assert.Equal(Ticks - BelievedAfter, _seen.Count);
        Assert.All(_seen, set => Assert.DoesNotContain(null, set.Captured));
        Assert.Equal(Jump, _seen.FindIndex(set => set.AfterJump));
        Assert.Single(_seen, set => set.AfterJump);
        Assert.All(_seen.Skip(Jump), set => Assert.Equal(Due(set, 1) + byMs, set.Captured[1]));
    }

    [Fact]
    public void AllJumpOneAfterTheOther_TheRigFollowsWithTheLast()
    {
        Play((camera, tick) => tick >= Jump + (4 * camera) ? 5000 : 0);

        Assert.Equal(Ticks, _seen.Count);
        const int moved = Jump + 8 + BelievedAfter + 1; // camera 2 comes last, to a set that did not wait for it
        Assert.Equal(moved, _seen.FindIndex(set => set.AfterJump));
        Assert.Single(_seen, set => set.AfterJump);
        Assert.All(_seen.Skip(moved), set => Assert.Equal([Due(set, 0) + 5000, Due(set, 1) + 5000, Due(set, 2) + 5000], set.Captured));
        Assert.Equal((3 * BelievedAfter) + 1, _ledger.Copy().Cameras.Sum(camera => camera.Dropped.Sum()));
    }

    [Fact]
    public void OneCameraJumpsAndComesBack_IsAlignedAllAlong()
    {
        Play((camera, tick) => camera == 1 && tick is >= Jump and < 2 * Jump ? 5000 : 0);

        Assert.Equal(Ticks, _seen.Count);
        Assert.All(_seen, set => Assert.False(set.AfterJump));
        Assert.Equal(Ticks - (2 * BelievedAfter), _seen.Count(set => set.Captured[1] is not null));
        Assert.All(_seen, set => Assert.True(set.Captured[1] is null || set.Captured[1] == Due(set, 1)));
    }

    /// <summary>
    /// Too little to be taken for a jump on the way there, and the rig goes with it; on the way back the stamps go backward, which once was a jump: the camera then lived 0.4 s ahead for ever after, and
    /// every frame of the others came too late.
    /// </summary>
    [Theory]
    [InlineData(400)]
    [InlineData(900)]
    public void OneCameraAheadByLessThanAJumpAndBack_NobodyIsLateForEverAfter(double byMs)
    {
        Play((camera, tick) => camera == 1 && tick is >= Jump and < 2 * Jump ? byMs : 0);

        Assert.All(_seen, set => Assert.False(set.AfterJump));
        Assert.All(_seen.TakeLast(5), set => Assert.Equal([Due(set, 0), Due(set, 1), Due(set, 2)], set.Captured));
    }

    [Theory]
    [InlineData(5000, 5000, 0)]
    [InlineData(5000, -5000, 60_000)]
    public void CamerasDisagree_TheRigKeepsItsTime(double first, double second, double third)
    {
        Play((camera, tick) => tick < Jump ? 0 : camera switch { 0 => first, 1 => second, _ => third });

        Assert.All(_seen, set => Assert.False(set.AfterJump));
        Assert.All(_seen.TakeLast(Ticks - Jump - BelievedAfter), set => Assert.Equal([Due(set, 0), Due(set, 1), Due(set, 2)], set.Captured));
    }

    [Fact]
    public void AllThatDeliverJump_ALostCameraDoesNotHoldTheRigBack()
    {
        Play((camera, tick) => camera == 2 && tick is >= 5 and < 20 ? null : tick >= Jump ? 5000 : 0, lost: (2, 5));

        Assert.Single(_seen, set => set.AfterJump);
        Assert.All(_seen.TakeLast(15), set => Assert.Equal([Due(set, 0) + 5000, Due(set, 1) + 5000, Due(set, 2) + 5000], set.Captured));
    }

    [Fact]
    public void OneCameraJumpsWhileFramesArriveUnevenly_StaysWithinTheTolerance()
    {
        var random = new Random(3);
        Play((camera, tick) => camera == 1 && tick >= Jump ? 5000 : 0, () => random.Next(25));

        Assert.Equal(Ticks, _seen.Count);
        Assert.All(_seen.Skip(Jump + BelievedAfter + 1), set => Assert.InRange(set.Captured[1]!.Value - Due(set, 1), -20, 20));
    }

    /// <summary>When the light fell, in ms of true time.</summary>
    private static double TrueMs(int camera, int tick) => 10_000 + (tick * 100) + (camera * 3);

    private static double Due(Seen set, int camera) => TrueMs(camera, set.Slot);

    private static Timestamp At(double milliseconds) => new((long)(milliseconds * 1_000_000));

    /// <param name="stepMs">How far a camera's stamp is off at a tick; null where no frame comes.</param>
    /// <param name="delayMs">From capture to arrival, beyond 10 ms.</param>
    private void Play(Func<int, int, double?> stepMs, Func<int>? delayMs = null, (int Camera, int Tick)? lost = null)
    {
        var rig = TestRig.Of(Cameras);
        var aligner = new FrameSetAligner(rig, new AlignmentOptions { Period = TimeSpan.FromMilliseconds(100), SkewTolerance = rig.SkewTolerance }, _ledger);
        var arrivals = from tick in Enumerable.Range(0, Ticks)
                       from camera in Enumerable.Range(0, Cameras)
                       select (Camera: camera, Tick: tick, ArrivalMs: TrueMs(camera, tick) + 10 + (delayMs?.Invoke() ?? 0));
        foreach (var (camera, tick, arrivalMs) in arrivals.OrderBy(arrival => arrival.ArrivalMs).ToList())
        {
            while (aligner.NextWake is { } wake && wake < At(arrivalMs))
            {
                Form(aligner, wake);
            }

            if (lost == (camera, tick))
            {
                aligner.CameraLost(camera);
            }
            else if (stepMs(camera, tick) is { } off)
            {
                Offer(aligner, camera, tick, TrueMs(camera, tick) + off, arrivalMs);
            }

            Form(aligner, At(arrivalMs));
        }

        aligner.Abandon();
        Assert.Equal(0, _pool.Outstanding);
        Assert.All(_ledger.Copy().Cameras, camera => Assert.Equal(0, camera.InFlight));
    }

    private void Offer(FrameSetAligner aligner, int camera, int tick, double stampMs, double arrivalMs)
    {
        Assert.True(_pool.TryRent(out var lease));
        _ledger.FrameCaptured(camera);
        aligner.Offer(new Frame(new FrameId(camera, tick), At(stampMs), At(arrivalMs), new PictureContent(_fingerprint++, 90, 20), lease));
    }

    private void Form(FrameSetAligner aligner, Timestamp now)
    {
        var set = new FrameSet(Cameras);
        while (aligner.TryForm(now, 10, set))
        {
            var captured = new double?[Cameras];
            var slot = -1;
            for (var camera = 0; camera < Cameras; camera++)
            {
                if (set.Use(camera).Used)
                {
                    captured[camera] = set.Use(camera).CaptureTime.Nanoseconds / 1e6;
                    slot = (int)set.Use(camera).FrameNumber;
                    _ledger.FrameUsed(camera);
                }
            }

            _seen.Add(new Seen(slot, captured, set.AfterJump));
            set.Release();
        }
    }

    /// <summary>A set as it was formed: the tick whose frames it holds, and when each was taken as the set says, in ms.</summary>
    private sealed record Seen(int Slot, double?[] Captured, bool AfterJump);
}
