using System.Diagnostics;
using Forecast.Adapters.OnnxRuntime;
using Forecast.Pipeline;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;
using Forecast.Pipeline.Telemetry;
using Forecast.Replay;

namespace Forecast.Cli.Composition;

/// <summary>
/// Runs the whole journey on noise before the first real frame, with a world, a ledger and a sink of its own: what is compiled and touched for the
/// first time costs tens of milliseconds, which no forecast's deadline has to spare. What the second half of it took beside the model is the first estimate of the cost table.
/// </summary>
internal static class Rehearsal
{
    private const int Ticks = 40;

    public static RehearsedCosts Run(OnnxWorldModel model, Rig rig, int manoeuvreCount, MessageIdentity identity, MessageEncoding encoding)
    {
        var manifest = model.Manifest;
        var clock = new DriveClock(new Timestamp(Timestamp.NanosecondsPerSecond));
        var rigClock = new RigClock(clock);
        var manoeuvres = new Manoeuvres(manifest, manoeuvreCount);
        using var run = model.CreateRun(rig.Cameras.Count);
        var parts = JourneyParts.Build(rig, manifest, run, manoeuvres, ModelComposition.Free(manoeuvres), new JourneyOptions(), null, Guid.NewGuid);
        var journey = new Journey(parts);
        using var sink = new EncodingSink(new ForecastEncoder(manifest, rig, identity, encoding));
        var metrics = new PipelineMetrics(rig, manifest, parts.Admission.Budget, parts.Ledger, model.Provider, identity.Software);
        var publisher = new ForecastPublisher([sink], rigClock, parts.Ledger, metrics);
        var pool = new FramePool(rig.Cameras.Count * 2, manifest.InputWidthPx * manifest.InputHeightPx * 3);
        var random = new Random(1);
        var costs = default(RehearsedCosts);
        for (var tick = 0; tick < Ticks; tick++)
        {
            var now = rigClock.Now + manifest.TickPeriod;
            clock.MoveTo(now);
            parts.Motion.OnEgo(new EgoSample(now, now, 5, 0.01f, 0));
            for (var camera = 0; camera < rig.Cameras.Count && pool.TryRent(out var lease); camera++)
            {
                random.NextBytes(lease.Pixels);
                parts.Ledger.FrameCaptured(camera);
                journey.Arrive(new Frame(new FrameId(camera, tick), now, now, new PictureContent((ulong)random.NextInt64(), 90, 40), lease));
            }

            var dispatched = Stopwatch.GetTimestamp();
            if (journey.TryTravel(now) is { } forecast)
            {
                var judged = Stopwatch.GetTimestamp();
                journey.Judged(forecast, now);
                publisher.Publish(forecast);
                costs = tick < Ticks / 2 ? costs : costs.OrMore(Stopwatch.GetElapsedTime(dispatched, judged) - ModelTime(forecast), Stopwatch.GetElapsedTime(judged));
                parts.Forecasts.Return(forecast);
            }

            journey.Reflect(now);
        }

        journey.Abandon();
        return costs;
    }

    private static TimeSpan ModelTime(SceneForecast forecast) =>
        TimeSpan.FromMicroseconds((forecast.Times[Stage.Encode] + forecast.Times[Stage.Remember] + forecast.Times[Stage.Imagine]) / 1e3);

    /// <summary>Encodes every message and throws it away.</summary>
    private sealed class EncodingSink(ForecastEncoder encoder) : IForecastSink
    {
        private long _sequence;

        public string Name => "rehearsal";

        public SinkResult Publish(SceneForecast forecast)
        {
            var stamp = new MessageStamp(_sequence++, forecast.Judged);
            encoder.Risk(forecast, stamp);
            encoder.Plan(forecast, stamp);
            encoder.Scene(forecast, stamp);
            return SinkResult.Taken;
        }

        public bool Flush(TimeSpan limit) => true;

        public void Dispose() => encoder.Dispose();
    }
}

/// <summary>The longest that a rehearsed set took from dispatch to judged, less what the model took of it, and from judged to handed over.</summary>
internal readonly record struct RehearsedCosts(TimeSpan BesideTheModel, TimeSpan Publishing)
{
    public RehearsedCosts OrMore(TimeSpan beside, TimeSpan publishing) =>
        new(beside > BesideTheModel ? beside : BesideTheModel, publishing > Publishing ? publishing : Publishing);
}
