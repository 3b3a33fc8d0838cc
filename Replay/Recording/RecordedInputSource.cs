using Forecast.Adapters.Drives;
using Forecast.Adapters.Mcap;
using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;

namespace Forecast.Replay.Recording;

/// <summary>One camera of a recording: its prepared pictures in order, bit for bit, with the times that they had.</summary>
internal sealed class RecordedInputSource : IFrameSource
{
    private readonly IEnumerator<(string Topic, McapCursor At)> _messages;
    private readonly byte[] _picture;
    private readonly int _width;
    private readonly int _height;
    private PictureContent _content;
    private volatile bool _interrupted;

    /// <exception cref="UnusableInputException">The model takes pictures of another size.</exception>
    public RecordedInputSource(RecordingReader recording, int camera, int widthPx, int heightPx)
    {
        var session = recording.Session;
        if ((widthPx, heightPx) != (session.WidthPx, session.HeightPx))
        {
            throw new UnusableInputException(
                $"{recording.Path}: its pictures were prepared for a model of {session.WidthPx}x{session.HeightPx} px, and this one takes {widthPx}x{heightPx}: replay it with {session.ModelName}, or record again");
        }

        Camera = session.Rig.Cameras[camera].Name;
        (_width, _height) = (widthPx, heightPx);
        _picture = new byte[widthPx * heightPx * 3];
        _messages = recording.Messages(new HashSet<string> { recording.InputTopic(camera) }).GetEnumerator();
    }

    public string Camera { get; }

    public GrabResult Grab()
    {
        if (_interrupted || !_messages.MoveNext())
        {
            return new GrabResult(GrabStatus.Ended, default, default, null);
        }

        if (!RecordedInput.TryRead(_messages.Current.At.Message.Data, out var input) || (input.WidthPx, input.HeightPx) != (_width, _height))
        {
            return new GrabResult(GrabStatus.Damaged, default, default, $"{Camera}: a prepared picture of the recording is malformed");
        }

        input.Pixels.CopyTo(_picture);
        _content = input.Content;
        return new GrabResult(GrabStatus.Frame, input.CaptureTime, input.ArrivalTime, null, input.Times.DecodeNs);
    }

    public PictureContent Prepare(Span<byte> modelPicture)
    {
        _picture.CopyTo(modelPicture);
        return _content;
    }

    public void Interrupt() => _interrupted = true;

    public void Dispose() => _messages.Dispose();
}
