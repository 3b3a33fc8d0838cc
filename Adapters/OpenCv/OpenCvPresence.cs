namespace Forecast.Adapters.OpenCv;

/// <summary>Whether OpenCV and its shim are here and load.</summary>
public static class OpenCvPresence
{
    /// <summary>OpenCV's version; null, with the loader's own words, where it does not load.</summary>
    public static string? Version(out string problem)
    {
        try
        {
            problem = "";
            return OpenCvLibrary.Version;
        }
        catch (TypeInitializationException fault)
        {
            problem = fault.InnerException?.Message.ReplaceLineEndings(" ") ?? fault.Message;
            return null;
        }
    }
}
