using System.Diagnostics;
using System.Globalization;
using Forecast.Benchmarks;

namespace Forecast.Pipeline.Tests.Fuzzing;

/// <summary>
/// One target in a process of its own, for eng/fuzz.sh: spoilt inputs until its time is over. The input under way lies in a file before it is read, so that a crash leaves it behind;
/// an exception that is no refusal, an input that takes too long or too much memory ends the process with its finding stored.
/// </summary>
internal static class FuzzWorker
{
    internal const string Target = "FORECAST_FUZZ_TARGET";
    private const int Found = 1;
    private const int InputsToSettle = 300;
    private const int InputsALook = 64;
    private const long MostMegabytes = 256;
    private static readonly TimeSpan InputLimit = TimeSpan.FromSeconds(10);

    private static long _began;
    private static byte[] _input = [];

    internal static void Run(string name)
    {
        var seconds = double.Parse(Variable("FORECAST_FUZZ_SECONDS"), CultureInfo.InvariantCulture);
        var seed = int.Parse(Variable("FORECAST_FUZZ_SEED"), CultureInfo.InvariantCulture);
        var findings = Directory.CreateDirectory(Variable("FORECAST_FUZZ_FINDINGS")).FullName;
        var folder = Directory.CreateTempSubdirectory("forecast-fuzz-").FullName;
        var target = FuzzTargets.Of(name, folder);
        new Thread(() => WatchTime(findings)) { IsBackground = true, Priority = ThreadPriority.Highest }.Start();
        var count = Try(target, seed, TimeSpan.FromSeconds(seconds), findings);
        Directory.Delete(folder, recursive: true);
        Console.WriteLine($"{name}: {count} inputs from seed {seed}");
        Environment.Exit(0);
    }

    private static long Try(FuzzTarget target, int seed, TimeSpan length, string findings)
    {
        var mutator = new ByteMutator(seed, target.Corpus, target.Tokens);
        using var underWay = new FileStream(Path.Combine(findings, "under-way"), FileMode.Create, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        using var memory = new ResidentMemory();
        var (started, baseBytes, count) = (Stopwatch.GetTimestamp(), 0L, 0L);
        for (; Stopwatch.GetElapsedTime(started) < length; count++)
        {
            _input = mutator.Next(target.MostBytes);
            underWay.SetLength(0);
            underWay.Write(_input);
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            Interlocked.Exchange(ref _began, Stopwatch.GetTimestamp());
            try
            {
                target.Read(_input);
            }
            catch (Exception fault) when (FuzzTargets.IsRefusal(fault))
            {
                // refused with its reason, as bad input is meant to be
            }
            catch (Exception fault)
            {
                End("exception", fault.ToString(), findings);
            }

            Interlocked.Exchange(ref _began, 0);
            if (GC.GetAllocatedBytesForCurrentThread() - allocated > MostMegabytes << 20)
            {
                End("memory", "one input allocated more than 256 MB", findings);
            }

            baseBytes = count == InputsToSettle ? memory.ReadBytes() : baseBytes;
            if (count > InputsToSettle && count % InputsALook == 0 && memory.ReadBytes() - baseBytes > MostMegabytes << 20)
            {
                GC.Collect();
                if (memory.ReadBytes() - baseBytes > MostMegabytes << 20)
                {
                    End("memory", $"resident {memory.ReadBytes() >> 20} MB, {baseBytes >> 20} MB after {InputsToSettle} inputs", findings);
                }
            }
        }

        File.Delete(underWay.Name);
        return count;
    }

    private static void WatchTime(string findings)
    {
        while (true)
        {
            Thread.Sleep(100);
            var began = Interlocked.Read(ref _began);
            if (began != 0 && Stopwatch.GetElapsedTime(began) > InputLimit)
            {
                End("hang", $"longer than {InputLimit.TotalSeconds} s", findings);
            }
        }
    }

    /// <summary>By a signal to itself: what hangs in a native call holds up any other end.</summary>
    private static void End(string kind, string why, string findings)
    {
        var name = $"{kind}-{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(_input))[..12]}";
        File.WriteAllBytes(Path.Combine(findings, name), _input);
        File.WriteAllText(Path.Combine(findings, name + ".why"), why + "\n");
        Console.WriteLine($"{name}: {why.ReplaceLineEndings(" ")}");
        Console.Out.Flush();
        File.Delete(Path.Combine(findings, "under-way"));
        Process.GetCurrentProcess().Kill();
        Environment.Exit(Found);
    }

    private static string Variable(string name) => Environment.GetEnvironmentVariable(name) ?? throw new InvalidOperationException($"{name} is not set: run eng/fuzz.sh");
}
