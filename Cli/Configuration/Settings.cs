using Forecast.Adapters.Mqtt;
using Forecast.Adapters.OnnxRuntime;
using Forecast.Adapters.OpenCv;
using Forecast.Adapters.Outbox;
using Forecast.Adapters.Sodium;
using Forecast.Pipeline.Publishing;

namespace Forecast.Cli.Configuration;

/// <summary>
/// Everything that a command may be told, checked and resolved: paths are absolute. It holds where a password lies, never the password.
/// Made by <see cref="SettingsLoader"/>; <see cref="SettingsSchema"/> says what each key may hold.
/// </summary>
internal sealed record Settings
{
    /// <summary>Default vehicle-1; a level of the topic: letters, digits, - and _, at most 64.</summary>
    public string Vehicle { get; init; } = "vehicle-1";

    /// <summary>Default: recorded when any camera is a file, else live. Recorded cameras never publish as live.</summary>
    public bool Recorded { get; init; }

    /// <summary>Default none; file, see data-samples/config for one.</summary>
    public string? RigFile { get; init; }

    /// <summary>Default none; 1 to 16 of them for `run`.</summary>
    public IReadOnlyList<CameraSettings> Cameras { get; init; } = [];

    /// <summary>Default: the model's tick period (100 ms at 10 Hz, 50 ms at 20 Hz); 5 to 2000 ms.</summary>
    public TimeSpan? Budget { get; init; }

    /// <summary>Default 16; 16, 8 or 1: the highest rung.</summary>
    public int Manoeuvres { get; init; } = 16;

    public ModelSettings Model { get; init; } = new();

    public BrokerSettings Broker { get; init; } = new();

    public MetricsSettings Metrics { get; init; } = new();

    /// <summary>Default 9465; 0 (off) to 65535, on loopback.</summary>
    public int DashboardPort { get; init; } = 9465;

    public EgoSettings Ego { get; init; } = new();

    public MemorySettings Memory { get; init; } = new();

    /// <summary>Of `run` with live cameras; null: events wait in memory only.</summary>
    public OutboxSettings? Outbox { get; init; }

    /// <summary>Default none: the configuration, its rig and its calibration need not be signed; else a minisign public key.</summary>
    public MinisignKey? SignedBy { get; init; }

    /// <summary>Default none; file, written when the command ends.</summary>
    public string? SummaryFile { get; init; }

    /// <summary>SHA-256 of the canonical form, lower-case hexadecimal; secrets are in it only as "set".</summary>
    public string Sha256 { get; init; } = "";

    /// <summary>Every setting in effect, as text with secrets masked, and where it came from.</summary>
    public IReadOnlyList<SettingValue> Values { get; init; } = [];

    /// <summary>What can be used and had better be otherwise, a line each.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>The deadline's distance from the oldest frame used, for a model of this tick period.</summary>
    public TimeSpan BudgetFor(TimeSpan tickPeriod) => Budget ?? tickPeriod;

    /// <summary>Where the value of a path such as "metrics.port" came from.</summary>
    public Origin OriginOf(string path)
    {
        foreach (var value in Values)
        {
            if (value.Path == path)
            {
                return value.Origin;
            }
        }

        return Origin.Default;
    }
}

/// <summary>One camera: its name in the rig and where its pictures come from.</summary>
internal sealed record CameraSettings(string Name, CameraSource Source);

internal sealed record ModelSettings
{
    /// <summary>Default models/nano of the installation; folder with a model.json.</summary>
    public string Folder { get; init; } = "";

    /// <summary>Default none; a rig's calibration file, see `forecast calibrate`.</summary>
    public string? CalibrationFile { get; init; }

    /// <summary>Default none: the model need not be signed; else a minisign public key.</summary>
    public MinisignKey? SignedBy { get; init; }

    /// <summary>Default auto: CUDA where there is a GPU, else the CPU; auto, cpu or cuda.</summary>
    public ProviderWish Provider { get; init; } = ProviderWish.Auto;

    /// <summary>Default 0: chosen from the cores; 0 to 64 threads.</summary>
    public int Threads { get; init; }

    public OnnxOptions ToOnnxOptions(bool exact = false)
    {
        var options = new OnnxOptions { Provider = Provider, Exact = exact, SignedBy = SignedBy };
        return Threads == 0 ? options : options with { IntraOpThreads = Threads };
    }
}

internal sealed record BrokerSettings
{
    /// <summary>Default embedded; embedded, mqtt://HOST[:PORT] or mqtts://HOST[:PORT].</summary>
    public BrokerAddress Address { get; init; } = BrokerAddress.Embedded;

    /// <summary>Default certificate; what is demanded of an address that is not loopback.</summary>
    public BrokerProtection Protection { get; init; } = BrokerProtection.Certificate;

    /// <summary>Default none; text.</summary>
    public string? User { get; init; }

    /// <summary>Default none; a file whose first line is the password.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>Default none; the variable of the environment that holds the password, where it is set.</summary>
    public string? PasswordVariable { get; init; }

    /// <summary>Default: the system's authorities; PEM file, mqtts only.</summary>
    public string? AuthorityFile { get; init; }

    /// <summary>Default none; PEM file, mqtts only, together with the key.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>Default none; PEM file.</summary>
    public string? KeyFile { get; init; }

    /// <summary>Default json; json or protobuf.</summary>
    public MessageEncoding Encoding { get; init; } = MessageEncoding.Json;

    /// <param name="clientId">Unique at the broker.</param>
    /// <param name="embeddedUrl">Where the embedded broker was started; needed with <see cref="BrokerAddress.IsEmbedded"/> only.</param>
    public MqttConnectionOptions ToConnectionOptions(string clientId, string? embeddedUrl = null) => new()
    {
        Broker = Address.IsEmbedded ? embeddedUrl ?? throw new ArgumentNullException(nameof(embeddedUrl)) : Address.ToString(),
        ClientId = clientId,
        User = User,
        PasswordFile = PasswordFile,
        PasswordVariable = PasswordVariable,
        CaFile = AuthorityFile,
        CertificateFile = CertificateFile,
        KeyFile = KeyFile,
    };
}

/// <summary>What a broker beyond loopback must be reached with, the strongest first.</summary>
internal enum BrokerProtection
{
    /// <summary>TLS, and a client certificate.</summary>
    Certificate,

    /// <summary>TLS.</summary>
    Tls,

    /// <summary>Nothing: plain text is allowed.</summary>
    None,
}

internal sealed record MetricsSettings
{
    /// <summary>Default 9464; 0 (off) to 65535.</summary>
    public int Port { get; init; } = 9464;

    /// <summary>Default 127.0.0.1; an IP address to listen on.</summary>
    public string Address { get; init; } = "127.0.0.1";
}

internal sealed record EgoSettings
{
    /// <summary>Default true; false leaves the model to estimate the vehicle's motion.</summary>
    public bool FromMqtt { get; init; } = true;
}

internal sealed record MemorySettings
{
    /// <summary>Default none: no episodic memory; file, made where there is none.</summary>
    public string? Path { get; init; }

    /// <summary>Default 10000; 100 to 100000 scenes.</summary>
    public int Rows { get; init; } = 10_000;

    /// <summary>Default 32; 1 to 1000 MB, of the file.</summary>
    public int Megabytes { get; init; } = 32;
}

internal sealed record OutboxSettings
{
    public const int LeastBytes = 1 << 16;
    public const int MostBytes = EventJournal.MostBytes;

    /// <summary>Default events.journal in a folder of the vehicle's, below $STATE_DIRECTORY, $XDG_STATE_HOME/forecast or ~/.local/state/forecast; null: none of them is known.</summary>
    public string? Path { get; init; }

    /// <summary>Default 4 MiB; 64 KiB to 64 MiB, of the file.</summary>
    public int Bytes { get; init; } = 1 << 22;
}

/// <summary>A setting as it stands: its text has no secret in it.</summary>
internal sealed record SettingValue(string Path, string Text, Origin Origin);
