using System.Net.WebSockets;
using System.Text;

namespace Forecast.Pipeline.Tests.Mqtt;

/// <summary>MQTT 5 over a WebSocket, written byte by byte as a page in a browser would, with no more than this project's tests say.</summary>
internal sealed class BrowserClient : IDisposable
{
    internal const byte Accepted = 0;
    internal const byte NotAuthorised = 135;

    private const byte ConnectAnswer = 0x20;
    private const byte PublishAnswer = 0x40;
    private const byte SubscribeAnswer = 0x90;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly ClientWebSocket _socket = new();
    private readonly Queue<byte[]> _packets = new();

    /// <returns>The broker's reason; 0 means that it took us in.</returns>
    internal async Task<byte> ConnectAsync(string url, string? user, string? password)
    {
        _socket.Options.AddSubProtocol("mqtt");
        using var limit = new CancellationTokenSource(Limit);
        await _socket.ConnectAsync(new Uri(url), limit.Token);
        var flags = (byte)(2 | (user is null ? 0 : 0x80) | (password is null ? 0 : 0x40));
        byte[] body = [.. Text("MQTT"), 5, flags, 0, 60, 0, .. Text(""), .. user is null ? [] : Text(user), .. password is null ? [] : Text(password)];
        await SendAsync(0x10, body);
        return (await AnswerAsync(ConnectAnswer))[3];
    }

    internal async Task<byte> SubscribeAsync(string filter)
    {
        await SendAsync(0x82, [0, 1, 0, .. Text(filter), 0]);
        return (await AnswerAsync(SubscribeAnswer))[^1];
    }

    /// <returns>The broker's reason for a QoS 1 message.</returns>
    internal async Task<byte> PublishAsync(string topic, string payload)
    {
        await SendAsync(0x32, [.. Text(topic), 0, 7, 0, .. Encoding.UTF8.GetBytes(payload)]);
        var answer = await AnswerAsync(PublishAnswer);
        return answer.Length > 4 ? answer[4] : Accepted; // a success may leave the reason out
    }

    /// <summary>The next message, as text with its topic.</summary>
    internal async Task<string> MessageAsync() => Encoding.UTF8.GetString(await AnswerAsync(0x30));

    public void Dispose() => _socket.Dispose();

    private static byte[] Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return [(byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes];
    }

    private async Task SendAsync(byte type, byte[] body)
    {
        Assert.InRange(body.Length, 0, 127);
        using var limit = new CancellationTokenSource(Limit);
        await _socket.SendAsync((byte[])[type, (byte)body.Length, .. body], WebSocketMessageType.Binary, endOfMessage: true, limit.Token);
    }

    /// <summary>The next packet of this type; small ones only, of which each comes whole.</summary>
    private async Task<byte[]> AnswerAsync(byte type)
    {
        using var limit = new CancellationTokenSource(Limit);
        var buffer = new byte[4096];
        while (true)
        {
            while (_packets.TryDequeue(out var packet))
            {
                if ((packet[0] & 0xF0) == type)
                {
                    return packet;
                }
            }

            var received = await _socket.ReceiveAsync(buffer, limit.Token);
            Assert.NotEqual(WebSocketMessageType.Close, received.MessageType);
            for (var at = 0; at < received.Count; at += 2 + buffer[at + 1])
            {
                _packets.Enqueue(buffer[at..(at + 2 + buffer[at + 1])]);
            }
        }
    }
}
