namespace Forecast.Pipeline.Telemetry;

/// <summary>One reason for not being nominal.</summary>
/// <param name="Code">Stable, in health and status; with `:NAME` after it where it is about one camera.</param>
/// <param name="State">What the pipeline is at best while it lasts.</param>
/// <param name="Cause">What brings it about, and ends it.</param>
/// <param name="Stops">What is not to be relied on, or not done, meanwhile.</param>
public sealed record HealthRule(string Code, HealthState State, string Cause, string Stops);

/// <summary>
/// The states that the pipeline gives itself, and everything that puts it into one: the only place where they are declared. The state is the worst
/// of the reasons that hold; without any it is nominal. docs/states.md is this table.
/// </summary>
public static class HealthRules
{
    public static IReadOnlyList<HealthRule> All { get; } =
    [
        new("starting", HealthState.Starting, "no forecast yet, in the first 3 s", "nothing is published yet"),
        new("camera_silent", HealthState.Degraded, "no frame of it for 0.5 s, or the last set went without", "it is masked; `camera_missing`; the bound's guarantee"),
        new("camera_lost", HealthState.Degraded, "its source says that it is gone", "as `camera_silent`"),
        new("camera_frozen", HealthState.Degraded, "the same picture again and again while the vehicle moves", "as `camera_silent`"),
        new("camera_black", HealthState.Degraded, "dark and flat all over", "as `camera_silent`"),
        new("camera_out_of_tolerance", HealthState.Degraded, "captured too far from the rest of its set", "as `camera_silent`"),
        new("camera_shed", HealthState.Degraded, "overload: no time for it at this rung", "it is masked; `cameras_shed`; the bound's guarantee"),
        new("camera_clock_jumped", HealthState.Degraded, "its stamps jumped alone and are taken back by arrival", "`capture_time_unverified`"),
        new("broker_away", HealthState.Degraded, "not connected", "forecasts go nowhere (`SinkAway`); events are kept"),
        new("outbox_memory_only", HealthState.Degraded, "the events' file could not be opened, or the disk refuses", "events wait in memory; a restart loses them"),
        new("ego_missing", HealthState.Degraded, "no usable in/ego at the newest forecast", "the model's estimate stands in; `ego_estimated`"),
        new("no_forecast", HealthState.Stale, "none handed over for three periods or 0.5 s, the shorter", "there is no forecast; status says stale"),
        new("journey_hung", HealthState.Stale, "steps 3 to 8 work on one thing for as long", "as `no_forecast`"),
        new("publish_hung", HealthState.Stale, "step 9 works on one forecast for as long", "as `no_forecast`"),
        new("mqtt_hung", HealthState.Stale, "the connection's thread works on one thing for as long", "acknowledgements, in/ego and in/plan; status says stale"),
        new("pipeline_broke", HealthState.Fault, "a thread of the pipeline ended by an exception; only a restart ends it", "everything; the process ends with 1, and systemd starts it again"),
    ];

    /// <summary>The worst state of these reasons; nominal without any.</summary>
    /// <exception cref="ArgumentException">A reason is not declared here.</exception>
    public static HealthState StateOf(List<string> reasons)
    {
        var worst = HealthState.Nominal;
        foreach (var reason in reasons)
        {
            var state = RuleOf(reason).State;
            worst = Severity(state) > Severity(worst) ? state : worst;
        }

        return worst;
    }

    private static HealthRule RuleOf(string reason)
    {
        var code = reason.AsSpan(0, reason.IndexOf(':') is var colon and >= 0 ? colon : reason.Length);
        foreach (var rule in All)
        {
            if (code.SequenceEqual(rule.Code))
            {
                return rule;
            }
        }

        throw new ArgumentException($"the reason '{reason}' is in no rule");
    }

    /// <summary>Starting says more than degraded and less than stale: forecasts are awaited.</summary>
    private static int Severity(HealthState state) => state switch
    {
        HealthState.Nominal => 0,
        HealthState.Degraded => 1,
        HealthState.Starting => 2,
        HealthState.Stale => 3,
        _ => 4,
    };
}
