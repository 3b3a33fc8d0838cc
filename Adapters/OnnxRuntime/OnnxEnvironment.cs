using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace Forecast.Adapters.OnnxRuntime;

/// <summary>The one environment that ONNX Runtime has in a process, made as this program wants it before anything else asks for it.</summary>
internal static partial class OnnxEnvironment
{
    private const int Overwrite = 1;

    /// <summary>
    /// Without telemetry: from 1.29 on Linux the core keeps a file of events in the user's cache folder and sends them to Microsoft, unless its
    /// environment says otherwise when it starts. Without a log: all that it would print as an error also comes as an exception, which is handled once.
    /// </summary>
    public static OrtEnv Get()
    {
        if (!OrtEnv.IsCreated)
        {
            // .NET's own SetEnvironmentVariable is not seen by native code on Linux.
            _ = SetVariable("ORT_DISABLE_TELEMETRY", "1", Overwrite);
            var options = new EnvironmentCreationOptions { logId = "forecast", logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
            OrtEnv.CreateInstanceWithOptions(ref options);
        }

        return OrtEnv.Instance();
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);
}
