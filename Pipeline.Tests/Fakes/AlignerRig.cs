using Forecast.Pipeline.Alignment;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Scheduling;

namespace Forecast.Pipeline.Tests.Fakes;

/// <summary>Three cameras whose frames are offered to an aligner by hand, in milliseconds.</summary>
internal sealed class AlignerRig
{
    public const int Cameras = 3;

    private readonly long[] _numbers = new long[Cameras];
    private ulong _fingerprint = 1;

    public FramePool Pool { get; } = new(32, 4);

    public Ledger Ledger { get; } = new(Cameras);

    public FrameSet Set { get; } = new(Cameras);

    public static Timestamp At(long milliseconds) => new(milliseconds * 1_000_000);

    public FrameSetAligner Aligner(double toleranceMs = 40) => new(
        TestRig.Of(Cameras),
        new AlignmentOptions { Period = TimeSpan.FromMilliseconds(100), SkewTolerance = TimeSpan.FromMilliseconds(toleranceMs) },
        Ledger);

    public bool TryForm(FrameSetAligner aligner, long nowMs) => aligner.TryForm(At(nowMs), 10, Set);

    public void OfferAll(FrameSetAligner aligner, long captureMs)
    {
        for (var camera = 0; camera < Cameras; camera++)
        {
            Offer(aligner, camera, captureMs);
        }
    }

    public void Offer(FrameSetAligner aligner, int camera, long captureMs) => OfferAt(aligner, camera, captureMs, captureMs);

    public void OfferAt(FrameSetAligner aligner, int camera, long captureMs, long arrivalMs, PictureContent? content = null)
    {
        Assert.True(Pool.TryRent(out var lease));
        Ledger.FrameCaptured(camera);
        var frame = new Frame(new FrameId(camera, _numbers[camera]++), At(captureMs), At(arrivalMs), content ?? new PictureContent(_fingerprint++, 90, 20), lease);
        aligner.Offer(frame);
    }

    public void AssertLedgerAddsUp() => Assert.All(Ledger.Copy().Cameras, camera => Assert.True(camera.InFlight >= 0));
}
