using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.Risk;

namespace Forecast.Replay;

/// <summary>
/// Writes every message of a run to a file, one JSON object a line: {"topic": ..., "message": ...}. Under a temporary name until
/// <see cref="Complete"/>; a run that broke off leaves nothing.
/// </summary>
public sealed class RunFileSink : IForecastSink
{
    private readonly string _path;
    private readonly string _temporary;
    private readonly FileStream _file;
    private readonly ForecastEncoder _encoder;
    private readonly RigClock _clock;
    private long _sequence;

    public RunFileSink(string path, ModelManifest manifest, Rig rig, MessageIdentity identity, RigClock clock)
    {
        _path = path;
        _temporary = $"{path}.{Environment.ProcessId}.tmp";
        _file = new FileStream(_temporary, FileMode.Create, FileAccess.Write, FileShare.Read, 1 << 16);
        _encoder = new ForecastEncoder(manifest, rig, identity, MessageEncoding.Json);
        _clock = clock;
        var stamp = new MessageStamp(0, clock.Now);
        Write("model"u8, _encoder.Model(stamp));
        Write("rig"u8, _encoder.Rig(stamp));
    }

    public string Name => "run file";

    /// <exception cref="IOException">The disk is full or gone.</exception>
    public SinkResult Publish(SceneForecast forecast)
    {
        try
        {
            WriteAll(forecast);
            return SinkResult.Taken;
        }
        catch (Exception full) when (IsFull(full))
        {
            throw CannotWrite(full);
        }
    }

    public bool Flush(TimeSpan limit)
    {
        _file.Flush();
        return true;
    }

    /// <summary>The run is whole: the file takes its name. Nothing is published after it.</summary>
    /// <exception cref="IOException">The disk is full or gone.</exception>
    public void Complete()
    {
        try
        {
            _file.Dispose();
            File.Move(_temporary, _path, overwrite: true);
        }
        catch (Exception full) when (IsFull(full))
        {
            throw CannotWrite(full);
        }
    }

    public void Dispose()
    {
        try
        {
            _file.Dispose();
        }
        catch (Exception full) when (IsFull(full))
        {
            // The write that failed has said so; what is left in the buffer goes the way of the file.
        }

        File.Delete(_temporary); // no longer there where the run is whole
        _encoder.Dispose();
    }

    /// <summary>A limit on the size of files comes as the argument's fault.</summary>
    private static bool IsFull(Exception fault) => fault is IOException or ArgumentOutOfRangeException { ParamName: "value", ActualValue: null };

    private IOException CannotWrite(Exception full) => new($"{_path}: the run cannot be written, and nothing of it is kept: {full.Message}", full);

    private void WriteAll(SceneForecast forecast)
    {
        var stamp = new MessageStamp(_sequence++, _clock.Now);
        Write("scene"u8, _encoder.Scene(forecast, stamp));
        Write("risk"u8, _encoder.Risk(forecast, stamp));
        Write("plan"u8, _encoder.Plan(forecast, stamp));
        if (forecast.Edge != AlarmEdge.None)
        {
            Write("risk/event"u8, _encoder.RiskEvent(forecast, stamp));
        }

        if (forecast.SurpriseEdge != AlarmEdge.None)
        {
            Write("surprise/event"u8, _encoder.SurpriseEvent(forecast, stamp));
        }

        if (forecast.NoveltyEdge != AlarmEdge.None)
        {
            Write("memory/event"u8, _encoder.MemoryEvent(forecast, stamp));
        }
    }

    private void Write(ReadOnlySpan<byte> topic, ReadOnlySpan<byte> message)
    {
        _file.Write("{\"topic\":\""u8);
        _file.Write(topic);
        _file.Write("\",\"message\":"u8);
        _file.Write(message);
        _file.Write("}\n"u8);
    }
}
