using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Forecast.Adapters.OpenCv;

/// <summary>The shim's answers; see native/shim.cpp.</summary>
internal enum CvCode
{
    Ok = 0,
    Ended = 1,
    WrongSize = 2,
    NotAPicture = 3,
    CutShort = 4,
    NoSuchFile = 5,
    CannotOpen = 6,
    TooSmall = 7,
    Broken = 8,
}

/// <summary>The C ABI of libforecast_opencv.so: OpenCV with one thread, its log silenced.</summary>
internal static unsafe partial class OpenCvLibrary
{
    private const string Library = "forecast_opencv";

    static OpenCvLibrary()
    {
        var version = stackalloc byte[32];
        var code = Start(version, 32);
        Version = code == CvCode.Ok ? Marshal.PtrToStringUTF8((nint)version) ?? "" : throw new InvalidOperationException("OpenCV would not start.");
    }

    /// <summary>OpenCV's own version.</summary>
    public static string Version { get; }

    [LibraryImport(Library, EntryPoint = "forecast_cv_start")]
    private static partial CvCode Start(byte* version, int size);

    [LibraryImport(Library, EntryPoint = "forecast_cv_open", StringMarshalling = StringMarshalling.Utf8)]
    public static partial CvCode Open(
        int kind, string source, int device, int width, int height, double rate, int openMs, int readMs, out CaptureHandle capture);

    [LibraryImport(Library, EntryPoint = "forecast_cv_close")]
    internal static partial void Close(nint capture);

    [LibraryImport(Library, EntryPoint = "forecast_cv_facts")]
    public static partial CvCode Facts(CaptureHandle capture, out int width, out int height, out double rate, out double frames);

    [LibraryImport(Library, EntryPoint = "forecast_cv_grab")]
    public static partial CvCode Grab(CaptureHandle capture, out double positionMs);

    [LibraryImport(Library, EntryPoint = "forecast_cv_retrieve")]
    public static partial CvCode Retrieve(CaptureHandle capture, byte* into, int width, int height, out int gotWidth, out int gotHeight);

    [LibraryImport(Library, EntryPoint = "forecast_cv_read_file")]
    public static partial CvCode ReadFile(byte* path, byte* into, int width, int height, out int gotWidth, out int gotHeight);

    [LibraryImport(Library, EntryPoint = "forecast_cv_decode")]
    public static partial CvCode Decode(byte* from, int length, byte* into, int width, int height, out int gotWidth, out int gotHeight);

    [LibraryImport(Library, EntryPoint = "forecast_cv_encode_jpeg")]
    public static partial CvCode EncodeJpeg(byte* from, int width, int height, int quality, byte* into, int capacity, out int length);

    [LibraryImport(Library, EntryPoint = "forecast_cv_prepare_open")]
    public static partial CvCode PrepareOpen(
        int width, int height, int modelWidth, int modelHeight, int halvings, int areaFactor, int top, int firstRow, int endRow,
        double* source, double* model, int lens, double* coefficients, int count, out PreparerHandle preparer);

    [LibraryImport(Library, EntryPoint = "forecast_cv_prepare")]
    public static partial CvCode Prepare(PreparerHandle preparer, byte* from, byte* into);

    [LibraryImport(Library, EntryPoint = "forecast_cv_prepare_close")]
    internal static partial void PrepareClose(nint preparer);
}

/// <summary>An open cv::VideoCapture.</summary>
internal sealed class CaptureHandle() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    protected override bool ReleaseHandle()
    {
        OpenCvLibrary.Close(handle);
        return true;
    }
}

/// <summary>A camera's maps and intermediate pictures.</summary>
internal sealed class PreparerHandle() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    protected override bool ReleaseHandle()
    {
        OpenCvLibrary.PrepareClose(handle);
        return true;
    }
}
