using Forecast.Pipeline.Inference;

namespace Forecast.Pipeline.Memory;

/// <summary>A scene is new when at least M of the last N ticks, the newest among them, were unlike all that is kept, and known again when none was.</summary>
public sealed class NoveltyTracker
{
    private UInt128 _unlike; // a bit a tick, the newest lowest: N is at most 100

    public bool IsNew { get; private set; }

    public void See(float similarity, NoveltyCalibration calibration)
    {
        var unlike = similarity < calibration.Similarity;
        _unlike = (_unlike << 1) | (unlike ? UInt128.One : UInt128.Zero);
        var among = (int)UInt128.PopCount(_unlike & ((UInt128.One << calibration.N) - 1));
        if (!IsNew)
        {
            IsNew = unlike && among >= calibration.M;
        }
        else if (among == 0)
        {
            IsNew = false;
            _unlike = UInt128.Zero;
        }
    }
}
