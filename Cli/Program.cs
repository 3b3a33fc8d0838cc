using Forecast.Adapters.Glibc;
using Forecast.Cli.Commands;

const int Arenas = 2; // of the native heap, as measured with `bench --soak`
NativeHeap.Share(Arenas);
using var interruption = Interruption.Listen();
return await CommandTree.InvokeAsync(args, CommandHost.FromProcess(), interruption.Token);
