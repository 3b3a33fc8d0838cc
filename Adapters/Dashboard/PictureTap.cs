using Forecast.Pipeline.Capture;
using Forecast.Pipeline.Frames;

namespace Forecast.Adapters.Dashboard;

/// <summary>A camera whose prepared pictures are also copied for the dashboard: exactly what the model sees, faults on purpose included.</summary>
public sealed class PictureTap(IFrameSource source, PictureShelf shelf) : IFrameSource
{
    public string Camera => source.Camera;

    public GrabResult Grab() => source.Grab();

    public PictureContent Prepare(Span<byte> modelPicture)
    {
        var content = source.Prepare(modelPicture);
        shelf.Put(modelPicture);
        return content;
    }

    public void Interrupt() => source.Interrupt();

    public void Dispose() => source.Dispose();
}
