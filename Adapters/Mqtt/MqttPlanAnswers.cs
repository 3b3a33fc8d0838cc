using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Publishing;
using Forecast.Pipeline.WhatIf;

namespace Forecast.Adapters.Mqtt;

/// <summary>Sends answers and refusals, on a thread of its own: neither the journey's nor the publishing thread waits for a socket on an asker's account.</summary>
public sealed class MqttPlanAnswers : IDisposable
{
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(1);

    private readonly MqttConnection _connection;
    private readonly PlanDesk _desk;
    private readonly ForecastEncoder _encoder;
    private readonly RigClock _clock;
    private readonly Thread _thread;
    private long _sequence;
    private bool _disposed;

    /// <param name="encoder">Disposed of with this.</param>
    public MqttPlanAnswers(MqttConnection connection, PlanDesk desk, ForecastEncoder encoder, RigClock clock)
    {
        _connection = connection;
        _desk = desk;
        _encoder = encoder;
        _clock = clock;
        _thread = new Thread(Run) { IsBackground = true, Name = "answers" };
        _thread.Start();
    }

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _desk.Close();
        if (_thread.Join(EndLimit))
        {
            _encoder.Dispose();
        }
    }

    private void Run()
    {
        while (_desk.Unsent.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (_desk.Unsent.TryRead(out var answer))
            {
                Send(answer);
                _desk.Return(answer);
            }
        }
    }

    private void Send(PlanAnswer answer)
    {
        var properties = new MqttProperties
        {
            ContentType = _encoder.ContentType,
            SchemaVersion = ForecastEncoder.Schema,
            Expiry = TopicTable.PlanRequest.Expiry,
            CorrelationData = answer.Request.Correlation,
        };
        var payload = _encoder.PlanResponse(answer, new MessageStamp(_sequence++, _clock.Now));
        _connection.PublishOnce(answer.Request.ReplyTo, TopicTable.PlanRequest.Qos, properties, payload);
    }
}
