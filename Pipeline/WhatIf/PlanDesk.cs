using System.Threading.Channels;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;

namespace Forecast.Pipeline.WhatIf;

/// <summary>
/// Plan requests, from whoever asks to whoever sends the answers. The journey's thread answers one at a time from the last committed world state, in what is
/// left until the next frame set is due, after everything else that is done there: it is shed first. Requests wait in turn, at most four: an asker's
/// deadline says when its question is no longer wanted, and were the newest to win, two askers would starve each other.
/// </summary>
public sealed class PlanDesk
{
    private const int MostWaiting = 4;
    private const int MostUnsent = 16;
    private const int AnswersUnderWay = 2;

    private readonly IWorldRun _run;
    private readonly ICandidates _candidates;
    private readonly CandidateJudge _judge;
    private readonly AnswerCost _cost;
    private readonly TimeSpan _period;
    private readonly SceneForecast _newest; // what the committed state's own forecast said, but for its map
    private readonly float[] _intended;
    private readonly Channel<PlanRequest> _waiting = Channel.CreateBounded<PlanRequest>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });
    private readonly Channel<PlanAnswer> _unsent = Channel.CreateBounded<PlanAnswer>(new BoundedChannelOptions(MostUnsent) { SingleReader = true });
    private readonly ForecastPool _forecasts;
    private Timestamp _until;
    private (PlanRequest Request, SceneForecast Forecast, RunStatus Status, int Batch, Timestamp Began)? _inHand;
    private bool _any;

    /// <param name="cost">By batch of what <see cref="IWorldRun.KeepCandidates"/> gives.</param>
    public PlanDesk(ModelManifest manifest, Rig rig, IWorldRun run, AnswerCost cost)
    {
        _run = run;
        _candidates = run.KeepCandidates();
        _judge = new CandidateJudge(manifest);
        _cost = cost;
        _period = manifest.TickPeriod;
        SceneForecast New() => new(manifest, rig, PlanRequest.MostCandidates);
        _newest = New();
        _forecasts = new ForecastPool(AnswersUnderWay, New);
        _intended = new float[manifest.HorizonsS.Count * 2];
        Steps = manifest.HorizonsS.Count;
    }

    /// <summary>Control steps of a candidate: one a horizon.</summary>
    public int Steps { get; }

    public PlanCounts Counts { get; } = new();

    /// <summary>Answers and refusals to be sent; whoever takes one gives its forecast back with <see cref="Return"/>.</summary>
    public ChannelReader<PlanAnswer> Unsent => _unsent.Reader;

    /// <summary>Called by the asker's thread after a request was taken: wakes the journey's.</summary>
    public Action? Arrived { get; set; }

    /// <summary>When the next in turn has to be given up although nothing else happened; null when none waits. The journey's thread.</summary>
    public Timestamp? NextWake => _waiting.Reader.TryPeek(out var next) ? LastStart(next) + TimeSpan.FromMilliseconds(1) : null;

    /// <summary>Takes a request, or refuses it at once where too many wait. Any thread; never blocks.</summary>
    public void Ask(PlanRequest request)
    {
        if (_waiting.Writer.TryWrite(request))
        {
            Arrived?.Invoke();
        }
        else
        {
            Refuse(request, PlanOutcome.Shed, "too many requests wait");
        }
    }

    /// <summary>Says no without asking the model; where sixteen answers wait to be sent it is only counted. Any thread.</summary>
    public void Refuse(PlanRequest request, PlanOutcome outcome, string detail)
    {
        Counts.Add(outcome);
        _unsent.Writer.TryWrite(new PlanAnswer(request, outcome, detail, null, []));
    }

    public void Return(PlanAnswer answer)
    {
        if (answer.Forecast is { } forecast)
        {
            _forecasts.Return(forecast);
        }
    }

    /// <summary>No answer is sent any more: <see cref="Unsent"/> ends.</summary>
    public void Close() => _unsent.Writer.TryComplete();

    /// <summary>Notes what the tick that was just committed says, before anybody else gets its forecast.</summary>
    internal void Note(SceneForecast forecast)
    {
        _newest.CopyEnvelopeOf(forecast);
        forecast.Controls.AsSpan(0, _intended.Length).CopyTo(_intended);
        _until = forecast.Dispatched + _period;
        _any = true;
    }

    /// <summary>Imagines the candidates of the next request in turn, if there is time for it; refuses those that there will be none for. True: <see cref="Answered"/> must follow.</summary>
    internal bool TryAnswer(Timestamp now)
    {
        while (_waiting.Reader.TryPeek(out var request))
        {
            if (now > LastStart(request))
            {
                Drop(request, LastStart(request) < request.Arrival ? PlanOutcome.Late : PlanOutcome.Shed);
            }
            else if (!_any || _run.IsInitial || now > _newest.ValidUntil)
            {
                Drop(request, PlanOutcome.NoWorldState);
            }
            else if (now + _cost.Of(BatchFor(request)) > _until)
            {
                return false; // the next frame set is due before
            }
            else if (_forecasts.TryRent() is { } forecast)
            {
                _waiting.Reader.TryRead(out _);
                Imagine(request, forecast, now);
                return true;
            }
            else
            {
                return false; // two answers are still being sent
            }
        }

        return false;
    }

    /// <summary>Judges what was imagined and hands the answer over.</summary>
    /// <param name="now">After the model ran.</param>
    internal void Answered(Timestamp now)
    {
        var (request, forecast, status, batch, began) = _inHand ?? throw new InvalidOperationException("nothing was imagined");
        _inHand = null;
        if (status != RunStatus.Ok)
        {
            _forecasts.Return(forecast);
            Refuse(request, PlanOutcome.ModelFailed, "the model failed");
            return;
        }

        _cost.Observe(batch, now - began);
        forecast.CopyEnvelopeOf(_newest);
        forecast.Deadline = request.Deadline;
        var bounded = new bool[request.Candidates];
        _judge.Read(request, _candidates.HazardLogits, _intended, forecast, bounded);
        if (_unsent.Writer.TryWrite(new PlanAnswer(request, PlanOutcome.Answered, "", forecast, bounded)))
        {
            Counts.Add(PlanOutcome.Answered);
        }
        else
        {
            _forecasts.Return(forecast);
            Counts.Add(PlanOutcome.Shed);
        }
    }

    /// <summary>Refuses all that wait: the journey ends.</summary>
    internal void Abandon()
    {
        while (_waiting.Reader.TryRead(out var request))
        {
            Refuse(request, PlanOutcome.Shed, "the program ends");
        }
    }

    private Timestamp LastStart(PlanRequest request) => request.Deadline - _cost.Of(BatchFor(request));

    private int BatchFor(PlanRequest request)
    {
        var batch = 0;
        while (_candidates.Batches[batch] < request.Candidates)
        {
            batch++;
        }

        return batch;
    }

    private void Imagine(PlanRequest request, SceneForecast forecast, Timestamp now)
    {
        var batch = BatchFor(request);
        var size = Steps * 2;
        request.Controls.CopyTo(_candidates.Controls);
        for (var row = request.Candidates; row < _candidates.Batches[batch]; row++)
        {
            request.Controls.AsSpan(0, size).CopyTo(_candidates.Controls.Slice(row * size, size));
        }

        _candidates.Ego[0] = _newest.Speed;
        _candidates.Ego[1] = _newest.YawRate;
        _candidates.Ego[2] = _newest.Acceleration;
        _inHand = (request, forecast, _candidates.Imagine(batch), batch, now);
    }

    private void Drop(PlanRequest request, PlanOutcome outcome)
    {
        _waiting.Reader.TryRead(out _);
        if (outcome == PlanOutcome.Shed)
        {
            _cost.Shed(BatchFor(request));
        }

        Refuse(request, outcome, outcome switch
        {
            PlanOutcome.Late => "its deadline leaves no time for an answer",
            PlanOutcome.Shed => "frame sets left no time for it within its deadline",
            _ => "there is no world state, or it is too old",
        });
    }
}
