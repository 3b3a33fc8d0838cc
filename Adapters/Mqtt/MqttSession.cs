using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Forecast.Adapters.Mqtt;

/// <summary>
/// One connection to the broker, from the first packet to the last, and the library's callbacks for it. It is thrown away whole
/// when the connection ends: the library would otherwise send again what it had queued, however stale. Every call is made
/// under the connection's lock, so callbacks run there too; they never throw.
/// </summary>
internal sealed unsafe class MqttSession : IDisposable
{
    private const int Mqtt5 = 5;
    private const int LogError = 8;
    private const int PacketsAtOnce = 64;

    // A hung broker's kernel goes on taking bytes for it: this bounds what is on its way, stale, when it comes back (Linux doubles it).
    private const int SendBufferBytes = 256 * 1024;

    private readonly MqttConnection _owner;
    private readonly MosquittoClient _client;
    private readonly MessagesUnderWay _underWay;
    private readonly int* _messageId;
    private GCHandle _self;
    private MqttTopic? _publishing;
    private long _publishingTag;

    /// <param name="underWay">Empty.</param>
    internal MqttSession(MqttConnection owner, MqttConnectionOptions options, MqttWill? will, MessagesUnderWay underWay)
    {
        _owner = owner;
        _underWay = underWay;
        _self = GCHandle.Alloc(this);
        _messageId = (int*)NativeMemory.AllocZeroed(sizeof(int));
        _client = MosquittoClient.Create(options.ClientId, cleanSession: true, GCHandle.ToIntPtr(_self));
        try
        {
            Prepare(options, will);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The broker has taken us in.</summary>
    internal bool Accepted { get; private set; }

    /// <summary>The broker's reason for not taking us in, or for ending the connection; 0 when it gave none.</summary>
    internal int Refusal { get; private set; }

    /// <summary>Acknowledgements since this was last cleared.</summary>
    internal int Acknowledged { get; set; }

    /// <summary>The library's last complaint, for people.</summary>
    internal string? Complaint { get; private set; }

    internal int Socket => LibMosquitto.Socket(_client);

    internal bool WantsWrite => LibMosquitto.WantsWrite(_client);

    /// <summary>Begins to connect; the rest happens in <see cref="Advance"/>. Null when begun, else what is wrong.</summary>
    internal string? Connect(MqttConnectionOptions options)
    {
        var code = LibMosquitto.ConnectAsync(_client, options.Host, options.Port, (int)options.KeepAlive.TotalSeconds, null);
        if (code > MosquittoCode.Success)
        {
            return Complaint ?? LibMosquitto.Describe(code, Marshal.GetLastPInvokeError());
        }

        LibC.LimitSendBuffer(Socket, SendBufferBytes);
        return null;
    }

    /// <summary>Reads and writes what can be without waiting. Null while the connection lives, else why it ended.</summary>
    internal string? Advance(bool readable)
    {
        if (readable && Read() is { } ended)
        {
            return ended;
        }

        var code = WantsWrite ? LibMosquitto.LoopWrite(_client, 1) : MosquittoCode.Success;
        if (code == MosquittoCode.Success)
        {
            code = LibMosquitto.LoopMisc(_client);
        }

        return code == MosquittoCode.Success ? null : Why(code, Marshal.GetLastPInvokeError());
    }

    /// <summary>Publishes, straight into the socket where that is ready; with properties of this once when they are not 0.</summary>
    internal MosquittoCode Publish(MqttTopic topic, ReadOnlySpan<byte> payload, long tag, nint properties, out int messageId)
    {
        _publishing = topic;
        _publishingTag = tag;
        MosquittoCode code;
        fixed (byte* bytes = payload)
        {
            code = LibMosquitto.Publish(
                _client, _messageId, topic.NativeName, payload.Length, bytes, topic.Qos, topic.Retain, properties != 0 ? properties : topic.NativeProperties);
        }

        messageId = *_messageId;
        if (code == MosquittoCode.Success && _publishing is not null)
        {
            _underWay.Add(messageId, topic, tag);
        }

        _publishing = null;
        return code;
    }

    internal void Subscribe(byte* filter, int qos) => LibMosquitto.Subscribe(_client, null, filter, qos, 0, 0);

    /// <summary>Says good-bye, so that the broker does not speak our will.</summary>
    internal void Disconnect() => LibMosquitto.Disconnect(_client, 0, 0);

    public void Dispose()
    {
        _client.Dispose();
        if (_self.IsAllocated)
        {
            _self.Free();
            NativeMemory.Free(_messageId);
        }
    }

    private void Prepare(MqttConnectionOptions options, MqttWill? will)
    {
        Check(LibMosquitto.SetOption(_client, MosquittoOption.ProtocolVersion, Mqtt5));
        Check(LibMosquitto.SetOption(_client, MosquittoOption.TcpNoDelay, 1));
        if (options.User is not null)
        {
            Check(LibMosquitto.SetUser(_client, options.User, options.ReadPassword()));
        }

        if (options.Tls)
        {
            if (options.CaFile is null)
            {
                Check(LibMosquitto.SetOption(_client, MosquittoOption.TlsUseSystemCertificates, 1));
            }

            if ((options.CaFile ?? options.CertificateFile) is not null)
            {
                Check(LibMosquitto.SetTls(_client, options.CaFile, null, options.CertificateFile, options.KeyFile, 0));
            }
        }

        if (will is not null)
        {
            SetWill(will);
        }

        LibMosquitto.OnConnect(_client, &OnConnect);
        LibMosquitto.OnDisconnect(_client, &OnDisconnect);
        LibMosquitto.OnPublish(_client, &OnPublish);
        LibMosquitto.OnMessage(_client, &OnMessage);
        LibMosquitto.OnLog(_client, &OnLog);
    }

    private void SetWill(MqttWill will)
    {
        var properties = will.Topic.Properties.ToNative();
        fixed (byte* payload = will.Payload.Span)
        {
            var code = LibMosquitto.SetWill(
                _client, will.Topic.Name, will.Payload.Length, payload, will.Topic.Qos, will.Topic.Retain, properties);
            if (code != MosquittoCode.Success)
            {
                LibMosquitto.FreeProperties(&properties);
                Check(code);
            }
        }
    }

    /// <summary>The library reads one packet a call and says nothing of what TLS still holds: so until there is no more.</summary>
    private string? Read()
    {
        for (var i = 0; i < PacketsAtOnce; i++)
        {
            var code = LibMosquitto.LoopRead(_client, 1);
            var errno = Marshal.GetLastPInvokeError();
            if (code != MosquittoCode.Success || Socket < 0)
            {
                return Why(code, errno);
            }

            if (errno == LibC.TryAgain)
            {
                return null;
            }
        }

        _owner.WakeUp();
        return null;
    }

    private string Why(MosquittoCode code, int errno) =>
        Refusal != 0 ? LibMosquitto.DescribeReason(Refusal)
        : Complaint ?? (code == MosquittoCode.Success ? "the broker closed the connection" : LibMosquitto.Describe(code, errno));

    private static void Check(MosquittoCode code)
    {
        if (code != MosquittoCode.Success)
        {
            throw new InvalidOperationException(LibMosquitto.Describe(code, 0));
        }
    }

    private static MqttSession Of(nint user) => Unsafe.As<MqttSession>(GCHandle.FromIntPtr(user).Target!);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnConnect(nint client, nint user, int reason, int flags, nint properties)
    {
        var session = Of(user);
        session.Accepted = reason == 0;
        session.Refusal = reason;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnDisconnect(nint client, nint user, int reason, nint properties)
    {
        if (reason >= MqttConnection.FirstFailure) // below are the library's own codes, which the loop returns as well
        {
            Of(user).Refusal = reason;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnPublish(nint client, nint user, int messageId, int reason, nint properties)
    {
        var session = Of(user);
        if (!session._underWay.TryRemove(messageId, out var topic, out var tag))
        {
            if (session._publishing is null || messageId != *session._messageId)
            {
                return;
            }

            (topic, tag) = (session._publishing, session._publishingTag); // it left within the very call that publishes it
            session._publishing = null;
        }

        session.Acknowledged += topic!.Qos;
        session._owner.OnDeparted(topic, messageId, tag, reason);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnMessage(nint client, nint user, MosquittoMessage* message, nint properties) =>
        Of(user)._owner.OnMessage(message, properties);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnLog(nint client, nint user, int level, byte* text)
    {
        if (level == LogError)
        {
            Of(user).Complaint = Marshal.PtrToStringUTF8((nint)text);
        }
    }
}
