using System.Runtime.InteropServices;

namespace Forecast.Adapters.Mqtt;

/// <summary>Debian's libmosquitto 2.0: the entry points used here, as mosquitto.h declares them. C's bool is one byte.</summary>
internal static unsafe partial class LibMosquitto
{
    private const string Library = "libmosquitto.so.1";

    [LibraryImport(Library, EntryPoint = "mosquitto_lib_init")]
    internal static partial MosquittoCode Init();

    [LibraryImport(Library, EntryPoint = "mosquitto_new", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint New(string clientId, [MarshalAs(UnmanagedType.U1)] bool cleanSession, nint user);

    [LibraryImport(Library, EntryPoint = "mosquitto_destroy")]
    internal static partial void Destroy(nint client);

    [LibraryImport(Library, EntryPoint = "mosquitto_int_option")]
    internal static partial MosquittoCode SetOption(MosquittoClient client, MosquittoOption option, int value);

    [LibraryImport(Library, EntryPoint = "mosquitto_username_pw_set", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial MosquittoCode SetUser(MosquittoClient client, string? user, string? password);

    [LibraryImport(Library, EntryPoint = "mosquitto_tls_set", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial MosquittoCode SetTls(
        MosquittoClient client, string? caFile, string? caFolder, string? certificateFile, string? keyFile, nint passwordCallback);

    /// <summary>On success the library owns <paramref name="properties"/>.</summary>
    [LibraryImport(Library, EntryPoint = "mosquitto_will_set_v5", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial MosquittoCode SetWill(
        MosquittoClient client, string topic, int payloadLength, byte* payload, int qos, [MarshalAs(UnmanagedType.U1)] bool retain, nint properties);

    [LibraryImport(Library, EntryPoint = "mosquitto_connect_bind_async", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial MosquittoCode ConnectAsync(MosquittoClient client, string host, int port, int keepAliveS, string? bindAddress);

    [LibraryImport(Library, EntryPoint = "mosquitto_disconnect_v5")]
    internal static partial MosquittoCode Disconnect(MosquittoClient client, int reason, nint properties);

    [LibraryImport(Library, EntryPoint = "mosquitto_publish_v5")]
    internal static partial MosquittoCode Publish(
        MosquittoClient client, int* messageId, byte* topic, int payloadLength, byte* payload, int qos, [MarshalAs(UnmanagedType.U1)] bool retain, nint properties);

    [LibraryImport(Library, EntryPoint = "mosquitto_subscribe_v5")]
    internal static partial MosquittoCode Subscribe(MosquittoClient client, int* messageId, byte* filter, int qos, int options, nint properties);

    [LibraryImport(Library, EntryPoint = "mosquitto_topic_matches_sub")]
    internal static partial MosquittoCode TopicMatches(byte* filter, byte* topic, byte* matches);

    [LibraryImport(Library, EntryPoint = "mosquitto_socket")]
    internal static partial int Socket(MosquittoClient client);

    [LibraryImport(Library, EntryPoint = "mosquitto_want_write")]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool WantsWrite(MosquittoClient client);

    [LibraryImport(Library, EntryPoint = "mosquitto_loop_read", SetLastError = true)]
    internal static partial MosquittoCode LoopRead(MosquittoClient client, int packets);

    [LibraryImport(Library, EntryPoint = "mosquitto_loop_write", SetLastError = true)]
    internal static partial MosquittoCode LoopWrite(MosquittoClient client, int packets);

    [LibraryImport(Library, EntryPoint = "mosquitto_loop_misc")]
    internal static partial MosquittoCode LoopMisc(MosquittoClient client);

    [LibraryImport(Library, EntryPoint = "mosquitto_connect_v5_callback_set")]
    internal static partial void OnConnect(MosquittoClient client, delegate* unmanaged[Cdecl]<nint, nint, int, int, nint, void> callback);

    [LibraryImport(Library, EntryPoint = "mosquitto_disconnect_v5_callback_set")]
    internal static partial void OnDisconnect(MosquittoClient client, delegate* unmanaged[Cdecl]<nint, nint, int, nint, void> callback);

    [LibraryImport(Library, EntryPoint = "mosquitto_publish_v5_callback_set")]
    internal static partial void OnPublish(MosquittoClient client, delegate* unmanaged[Cdecl]<nint, nint, int, int, nint, void> callback);

    [LibraryImport(Library, EntryPoint = "mosquitto_message_v5_callback_set")]
    internal static partial void OnMessage(MosquittoClient client, delegate* unmanaged[Cdecl]<nint, nint, MosquittoMessage*, nint, void> callback);

    [LibraryImport(Library, EntryPoint = "mosquitto_log_callback_set")]
    internal static partial void OnLog(MosquittoClient client, delegate* unmanaged[Cdecl]<nint, nint, int, byte*, void> callback);

    [LibraryImport(Library, EntryPoint = "mosquitto_property_add_byte")]
    internal static partial MosquittoCode AddByte(nint* properties, MqttPropertyId id, byte value);

    [LibraryImport(Library, EntryPoint = "mosquitto_property_add_int32")]
    internal static partial MosquittoCode AddInt32(nint* properties, MqttPropertyId id, uint value);

    [LibraryImport(Library, EntryPoint = "mosquitto_property_add_string", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial MosquittoCode AddString(nint* properties, MqttPropertyId id, string value);

    [LibraryImport(Library, EntryPoint = "mosquitto_property_add_string_pair", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial MosquittoCode AddStringPair(nint* properties, MqttPropertyId id, string name, string value);

    [LibraryImport(Library, EntryPoint = "mosquitto_property_add_binary")]
    internal static partial MosquittoCode AddBinary(nint* properties, MqttPropertyId id, byte* value, ushort length);

    [LibraryImport(Library, EntryPoint = "mosquitto_property_free_all")]
    internal static partial void FreeProperties(nint* properties);

    /// <summary>What it read is a copy that <see cref="LibC.Free"/> gives back.</summary>
    [LibraryImport(Library, EntryPoint = "mosquitto_property_read_string")]
    internal static partial nint ReadString(nint properties, MqttPropertyId id, byte** value, [MarshalAs(UnmanagedType.U1)] bool skipFirst);

    /// <summary>What it read is a copy that <see cref="LibC.Free"/> gives back.</summary>
    [LibraryImport(Library, EntryPoint = "mosquitto_property_read_binary")]
    internal static partial nint ReadBinary(nint properties, MqttPropertyId id, byte** value, ushort* length, [MarshalAs(UnmanagedType.U1)] bool skipFirst);

    [LibraryImport(Library, EntryPoint = "mosquitto_strerror")]
    private static partial byte* ErrorText(MosquittoCode code);

    [LibraryImport(Library, EntryPoint = "mosquitto_reason_string")]
    private static partial byte* ReasonText(int reason);

    internal static string Describe(MosquittoCode code, int errno) =>
        code == MosquittoCode.Errno && errno != 0 ? Marshal.GetPInvokeErrorMessage(errno) : Text(ErrorText(code));

    internal static string DescribeReason(int reason) => Text(ReasonText(reason));

    private static string Text(byte* utf8) => (Marshal.PtrToStringUTF8((nint)utf8) ?? "unknown").TrimEnd('.');
}

internal enum MosquittoCode
{
    Success = 0,
    NoMemory = 1,
    Protocol = 2,
    Invalid = 3,
    NoConnection = 4,
    PayloadSize = 9,
    Errno = 14,
    OversizePacket = 25,
}

internal enum MosquittoOption
{
    ProtocolVersion = 1,
    TcpNoDelay = 11,
    TlsUseSystemCertificates = 13,
}

internal enum MqttPropertyId
{
    PayloadIsUtf8 = 1,
    MessageExpiry = 2,
    ContentType = 3,
    ResponseTopic = 8,
    CorrelationData = 9,
    UserProperty = 38,
}

/// <summary>struct mosquitto_message of mosquitto.h; borrowed for the callback.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MosquittoMessage
{
    public int Id;
    public byte* Topic;
    public byte* Payload;
    public int PayloadLength;
    public int Qos;
    public byte Retain;
}

/// <summary>One client of the library; lives no longer than one connection, so that nothing it had queued outlives it.</summary>
internal sealed class MosquittoClient : SafeHandle
{
    private MosquittoClient(nint client)
        : base(0, ownsHandle: true) => SetHandle(client);

    public override bool IsInvalid => handle == 0;

    /// <param name="user">Handed to every callback.</param>
    internal static MosquittoClient Create(string clientId, bool cleanSession, nint user)
    {
        var client = new MosquittoClient(LibMosquitto.New(clientId, cleanSession, user));
        return client.IsInvalid ? throw new InvalidOperationException("libmosquitto has no memory for another client") : client;
    }

    protected override bool ReleaseHandle()
    {
        LibMosquitto.Destroy(handle);
        return true;
    }
}
