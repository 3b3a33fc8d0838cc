using Forecast.Pipeline.Alignment;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Memory;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Scheduling;
using Forecast.Pipeline.Telemetry;
using Forecast.Pipeline.WhatIf;

namespace Forecast.Pipeline;

/// <summary>What one vehicle's journey is made of. <see cref="Build"/> puts it together the one way that live and replay share.</summary>
public sealed record JourneyParts
{
    /// <summary>Forecasts under way at once: one judged, one published, one in hand, one spare.</summary>
    private const int ForecastsUnderWay = 4;

    public required FrameSetAligner Aligner { get; init; }

    public required Admission Admission { get; init; }

    public required CostTable Costs { get; init; }

    public required WorldStep World { get; init; }

    public required IWorldRun Run { get; init; }

    public required Judge Judge { get; init; }

    public required Surprise Surprise { get; init; }

    public required EpisodicMemory Episodes { get; init; }

    /// <summary>Answers plan requests; null where nobody can ask.</summary>
    public PlanDesk? Desk { get; init; }

    /// <summary>Is told every call; null: nobody wants to know.</summary>
    public IJourneyLog? Log { get; init; }

    public required EgoMotionTrack Motion { get; init; }

    public required Ledger Ledger { get; init; }

    public required ForecastPool Forecasts { get; init; }

    /// <summary>Filled when no forecast of the pool is free.</summary>
    public required SceneForecast Unheard { get; init; }

    /// <summary>The rig's cameras, the most informative first.</summary>
    public required CameraOrder CameraOrder { get; init; }

    public required TimeSpan Period { get; init; }

    /// <inheritdoc cref="JourneyOptions.EverySet"/>
    public required bool EverySet { get; init; }

    /// <param name="manoeuvres">How many to imagine at the highest rung: 1 to the number of the manifest's candidates.</param>
    /// <param name="costs">What a run costs at each rung of <see cref="Manoeuvres.Rungs"/>.</param>
    /// <param name="domain">What the source claims to be, for the guarantee of the upper bound; null for a real rig.</param>
    public static JourneyParts Build(
        Rig rig,
        ModelManifest manifest,
        IWorldRun run,
        Manoeuvres manoeuvres,
        CostTable costs,
        JourneyOptions options,
        string? domain,
        Func<Guid> newEventId)
    {
        var ledger = new Ledger(rig.Cameras.Count);
        var motion = new EgoMotionTrack { PlanSteps = manifest.HorizonsS.Count };
        var alignment = new AlignmentOptions
        {
            Period = manifest.TickPeriod,
            SkewTolerance = rig.SkewTolerance,
            Wait = options.Budget * options.WaitShare,
        };
        var world = new WorldStep(run, manifest, rig, motion, manoeuvres, ledger);
        SceneForecast NewForecast() => new(manifest, rig, manoeuvres.Count);
        return new JourneyParts
        {
            Aligner = new FrameSetAligner(rig, alignment, ledger),
            Admission = new Admission(costs, options.Budget, manifest.TickPeriod),
            Costs = costs,
            World = world,
            Run = run,
            Judge = new Judge(manifest, rig, manoeuvres, new Hindsight(manifest, motion), domain, newEventId),
            Surprise = new Surprise(manifest, run, motion, options.LookBack, newEventId),
            Episodes = new EpisodicMemory(manifest, run, options.Memory, options.MemoryDrive),
            Desk = options.Answers is { } answers ? new PlanDesk(manifest, rig, run, answers) : null,
            Motion = motion,
            Ledger = ledger,
            Forecasts = new ForecastPool(ForecastsUnderWay, NewForecast),
            Unheard = NewForecast(),
            CameraOrder = CameraOrder.MostInformativeFirst(manifest, run.LiftValid, rig.Cameras.Count),
            Period = manifest.TickPeriod,
            EverySet = options.EverySet,
        };
    }
}

public sealed record JourneyOptions
{
    /// <summary>From the capture of the oldest frame to the forecast; 100 ms at 10 Hz, from 10 ms to 1 s.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The share of the budget that a frame set waits for a camera; 0.3, from 0 to 0.8.</summary>
    public double WaitShare { get; init; } = 0.3;

    /// <summary>What looking back for surprise costs, where that is to be shed under load; by default it never is, as in lock-step.</summary>
    public LookBackCost LookBack { get; init; } = LookBackCost.Free;

    /// <summary>Where scenes are kept beyond this run; null (the default): there is no episodic memory.</summary>
    public IEpisodicMemory? Memory { get; init; }

    /// <summary>What answers to plan requests cost; null (the default): nobody can ask, as in every replay in lock-step.</summary>
    public AnswerCost? Answers { get; init; }

    /// <summary>What this run's scenes are filed under: the drive's name, or the run's.</summary>
    public string MemoryDrive { get; init; } = "";

    /// <summary>
    /// Every frame set is run, in turn and at the highest rung, however late its frames came; off. For lock-step, where the clock stands still
    /// meanwhile, so that only the recording itself can be late.
    /// </summary>
    public bool EverySet { get; init; }
}
