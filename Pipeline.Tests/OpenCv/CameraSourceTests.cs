using Forecast.Adapters.OpenCv;

namespace Forecast.Pipeline.Tests.OpenCv;

public sealed class CameraSourceTests
{
    [Theory]
    [InlineData("device:0", CameraSourceKind.Device, true)]
    [InlineData("/dev/video2", CameraSourceKind.Device, true)]
    [InlineData("rtsp://10.0.0.2/stream", CameraSourceKind.Stream, true)]
    [InlineData("https://camera/mjpeg", CameraSourceKind.Stream, true)]
    [InlineData("gst:videotestsrc ! videoconvert ! appsink", CameraSourceKind.GStreamer, true)]
    [InlineData("file:drive.mp4", CameraSourceKind.File, false)]
    [InlineData("images:folder/%06d.jpg", CameraSourceKind.Images, false)]
    public void Parse_Known_HasItsKind(string text, CameraSourceKind kind, bool live)
    {
        var source = CameraSource.Parse(text, out var problem);

        Assert.Equal("", problem);
        Assert.Equal((kind, live), (source!.Kind, source.IsLive));
    }

    [Theory]
    [InlineData("webcam", "no camera source")]
    [InlineData("", "no camera source")]
    [InlineData("device:front", "no camera source")]
    [InlineData("gst:videotestsrc ! fakesink", "appsink")]
    [InlineData("ftp://x/y", "no camera source")]
    public void Parse_Unknown_SaysWhatIsAllowed(string text, string expected)
    {
        Assert.Null(CameraSource.Parse(text, out var problem));
        Assert.Contains(expected, problem);
    }

    [Theory]
    [InlineData("rtsp://anna:s3cret@10.0.0.2:554/live")]
    [InlineData("rtsp://anna:s3cret@with@10.0.0.2:554/live")]
    [InlineData("http://camera/mjpeg?user=anna&password=s3cret&fps=10")]
    [InlineData("gst:rtspsrc location=rtsp://anna:s3cret@10.0.0.2/live user-pw=s3cret ! decodebin ! appsink")]
    [InlineData("nonsense://anna:s3cret@host")]
    public void Display_WithSecrets_ShowsNone(string text)
    {
        var source = CameraSource.Parse(text, out var problem);
        var shown = problem + source?.Display + source;

        Assert.DoesNotContain("s3cret", shown);
        Assert.DoesNotContain("anna", shown);
        Assert.Contains("***", shown);
    }
}
