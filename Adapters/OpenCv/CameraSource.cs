using System.Globalization;
using System.Text.RegularExpressions;

namespace Forecast.Adapters.OpenCv;

public enum CameraSourceKind
{
    Device,
    Stream,
    GStreamer,
    File,
    Images,
}

/// <summary>
/// Where a camera's pictures come from, as configured: <c>device:0</c>, <c>/dev/video0</c>, <c>rtsp://...</c>, <c>http://...</c>,
/// <c>gst:... ! appsink</c>, <c>file:drive.mp4</c> or <c>images:folder/%06d.jpg</c>. Passwords stay in <see cref="Address"/>;
/// everything that people read shows <see cref="Display"/>.
/// </summary>
public sealed partial record CameraSource
{
    private CameraSource(CameraSourceKind kind, string address)
    {
        Kind = kind;
        Address = address;
        Display = Redact(address);
    }

    public const string Allowed = "device:0, /dev/video0, rtsp://..., http(s)://..., gst:... ! appsink, file:PATH or images:PATTERN";

    public CameraSourceKind Kind { get; }

    /// <summary>As OpenCV takes it, secrets and all: never to be logged.</summary>
    internal string Address { get; }

    /// <summary>For logs and people: user names, passwords and tokens replaced by ***.</summary>
    public string Display { get; }

    /// <summary>A camera goes on for ever and comes back; a file or a folder of pictures ends.</summary>
    public bool IsLive => Kind is CameraSourceKind.Device or CameraSourceKind.Stream or CameraSourceKind.GStreamer;

    /// <summary>The V4L2 index of <c>device:N</c>, or -1 for a device by its path.</summary>
    internal int DeviceIndex => Kind == CameraSourceKind.Device && int.TryParse(Address, NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : -1;

    public override string ToString() => Display;

    /// <param name="problem">One line that says what is wrong and what is allowed; empty when it was read.</param>
    public static CameraSource? Parse(string text, out string problem)
    {
        problem = "";
        var (head, rest) = text.IndexOf(':') is var colon and >= 0 ? (text[..colon], text[(colon + 1)..]) : ("", text);
        switch (head)
        {
            case "device" when int.TryParse(rest, NumberStyles.None, CultureInfo.InvariantCulture, out _) || rest.StartsWith("/dev/", StringComparison.Ordinal):
                return new CameraSource(CameraSourceKind.Device, rest);
            case "rtsp" or "rtsps" or "rtmp" or "http" or "https" or "udp" or "tcp" when rest.StartsWith("//", StringComparison.Ordinal) && rest.Length > 2:
                return new CameraSource(CameraSourceKind.Stream, text);
            case "gst" when rest.Contains("appsink", StringComparison.Ordinal):
                return new CameraSource(CameraSourceKind.GStreamer, rest.Trim());
            case "gst":
                problem = $"the GStreamer pipeline '{Redact(rest.Trim())}' does not end in an appsink: add '! videoconvert ! appsink drop=true max-buffers=1'";
                return null;
            case "file" when rest.Length > 0:
                return new CameraSource(CameraSourceKind.File, rest);
            case "images" when rest.Length > 0:
                return new CameraSource(CameraSourceKind.Images, rest);
            default:
                if (text.StartsWith("/dev/", StringComparison.Ordinal))
                {
                    return new CameraSource(CameraSourceKind.Device, text);
                }

                problem = $"'{Redact(text)}' is no camera source: use {Allowed}";
                return null;
        }
    }

    /// <summary>The text without user names, passwords and tokens of any URL or pipeline property in it.</summary>
    public static string Redact(string text) => SecretValue().Replace(UserInfo().Replace(text, "$1***@"), "$1***");

    // Greedy up to the last @ before the path: an unescaped @ in a password must not leave its rest behind.
    [GeneratedRegex("""([A-Za-z][A-Za-z0-9+.-]*://)[^\s/"']*@""")]
    private static partial Regex UserInfo();

    [GeneratedRegex("""((?:user|user-id|user-pw|login|pass|passwd|password|pwd|token|access_token|auth|secret|key|api_key|apikey|sig|signature)=)[^\s&"']+""", RegexOptions.IgnoreCase)]
    private static partial Regex SecretValue();
}
