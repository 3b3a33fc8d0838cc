using Forecast.Adapters.Glibc;
using Forecast.Cli.Commands;

const int Arenas = 2; // of the native heap, as measured with `bench --soak`
NativeHeap.Share(Arenas);
try
{
    using var interruption = Interruption.Listen();
    var code = await CommandTree.InvokeAsync(args, CommandHost.FromProcess(), interruption.Token);
    if (code != ExitCode.Fine)
    {
        ProcessEnd.AtOnce(code); // what is short of memory, or left a thread behind in native code, hangs in the runtime's own way out
    }

    return code;
}
catch (OutOfMemoryException)
{
    Console.Error.WriteLine($"forecast: {CommandTree.ShortOfMemory}");
    ProcessEnd.AtOnce(ExitCode.Failed);
    return ExitCode.Failed;
}
