using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Scheduling;

namespace Forecast.Pipeline.Telemetry;

public enum HealthState
{
    Unspecified,
    Starting,
    Nominal,
    Degraded,
    Stale,
    Fault,
}

/// <summary>The pipeline's own account of itself, filled once a second into the same object; borrowed for the call.</summary>
public sealed class HealthReport(Rig rig)
{
    public Timestamp Time { get; set; }

    public HealthState State { get; set; }

    /// <summary>Why it is not nominal, as stable codes: "camera_lost:front", "broker_away", "ego_missing".</summary>
    public List<string> Reasons { get; } = [];

    public CameraHealth[] Cameras { get; } = [.. rig.Cameras.Select(camera => new CameraHealth(camera.Name))];

    public LedgerCopy Ledger { get; } = new(rig.Cameras.Count);

    public OutboxReport Outbox { get; } = new();

    public string Provider { get; set; } = "";

    public bool BrokerConnected { get; set; }

    /// <summary>Frames waiting for the pipeline's thread, forecasts waiting for the publisher's.</summary>
    public int FrameQueue { get; set; }

    public int PublishQueue { get; set; }

    public TimeSpan WallClockOffset { get; set; }
}

/// <summary>One camera as the pipeline sees it.</summary>
public sealed class CameraHealth(string name)
{
    public string Name { get; } = name;

    /// <summary>Frames a second over the last seconds.</summary>
    public float RateHz { get; set; }

    /// <summary>Seconds since the newest frame's capture time; NaN before the first.</summary>
    public float AgeS { get; set; } = float.NaN;

    /// <summary>Seconds by which its frames differ from their sets' reference time; NaN before the first.</summary>
    public float SkewS { get; set; } = float.NaN;

    public MissingReason State { get; set; }
}
