using Forecast.Adapters.Mqtt;
using Forecast.Benchmarks.Peers;

namespace Forecast.Cli.Composition.Peers;

/// <summary>The rows of single parts: the model's runs, and the way over the broker.</summary>
internal static class PartRows
{
    private const int KibibyteBytes = 1024;
    private const double MessagesHz = 100;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static IReadOnlyList<PeerFigure> Inference(PeerBench bench, CancellationToken cancelled)
    {
        const string Name = "onnxruntime-node";
        var manifest = bench.Model.Manifest;
        var threads = Math.Min(bench.Settings.Model.ToOnnxOptions(exact: false).IntraOpThreads, Environment.ProcessorCount);
        var program = bench.Found(bench.Program(Name, PeerProgram.Node, "onnx_paced.js"));
        var (ours, peer) = PairedRuns.Run(
            () => PacedModel.Measure(bench.Model, BenchDrive.Cameras, manifest.Candidates.Count, bench.Length),
            program is null ? null : () => program.Measure(
                Patience + (bench.Length * 2), bench.Settings.Model.Folder, BenchDrive.Cameras, manifest.Candidates.Count, threads, 1 / manifest.TickPeriod.TotalSeconds, bench.Length.TotalSeconds),
            bench.Say, cancelled);
        PeerFigure Figure(string what, Func<ModelFigures, double> one, Func<System.Text.Json.JsonElement, double> other, double most, string note) => new(
            what, "", Samples.Median([.. ours.Select(one)]), peer.Count == 0 ? null : Samples.Median([.. peer.Select(other)]), Name, FormattableString.Invariant($"<= {most}"), Samples.Median([.. ours.Select(one)]) <= most, note);
        static double Of(System.Text.Json.JsonElement json, string name) => json.GetProperty(name).GetDouble();
        var p50 = Samples.Median([.. ours.Select(run => run.P50Ms)]);
        var peerP50 = peer.Count == 0 ? "" : FormattableString.Invariant($", the peer's {Samples.Median([.. peer.Select(json => Of(json, "p50_ms"))]):0.0} ms");
        return
        [
            Figure("inference path, p99 over p50", run => run.P99Ms / run.P50Ms, json => Of(json, "p99_ms") / Of(json, "p50_ms"), 2, FormattableString.Invariant($"p50 {p50:0.0} ms{peerP50}; {threads} threads, the same graphs, the peer as it is set by default")),
            Figure("processor time paced, over back to back", run => run.CpuPacedMs / run.CpuPureMs, json => Of(json, "cpu_paced_ms") / Of(json, "cpu_pure_ms"), 1.3, FormattableString.Invariant($"{Samples.Median([.. ours.Select(run => run.CpuPacedMs)]):0.0} ms of processor time a tick")),
        ];
    }

    public static IReadOnlyList<PeerFigure> Publish(PeerBench bench, CancellationToken cancelled)
    {
        using var broker = EmbeddedBroker.Start(new EmbeddedBrokerOptions());
        var messages = (int)(MessagesHz * bench.Length.TotalSeconds);
        var figures = new List<PeerFigure>();
        PeerProgram[] programs = [bench.Program("paho", PeerProgram.Python, "paho_publish.py"), bench.Program("npm mqtt", PeerProgram.Node, "mqtt_publish.js")];
        foreach (var program in programs)
        {
            var found = bench.Found(program);
            var (ours, peer) = PairedRuns.Run(
                () => PublishLoop.Measure(broker.Url, KibibyteBytes, MessagesHz, messages),
                found is null ? null : () => found.Measure(Patience + bench.Length, broker.Port, KibibyteBytes, MessagesHz, messages),
                said => bench.Say($"{program.Name}, {said}"), cancelled);
            PeerPairs Pairs(double share, string other) => new([.. ours.Select(took => Samples.Quantile(took, share))], [.. peer.Select(json => json.GetProperty(other).GetDouble())]);
            figures.Add(PeerFigure.AtMost($"publish to receive, p50, beside {program.Name}", "ms", Pairs(0.5, "p50_ms").Ours, 0.3));
            figures.Add(PeerFigure.AtMost($"publish to receive, p99, beside {program.Name}", "ms", Pairs(0.99, "p99_ms").Ours, 3));
            figures.Add(PeerFigure.RatioAtMost("the same p50", "ms", Pairs(0.5, "p50_ms"), 1.1, program.Name));
            figures.Add(PeerFigure.RatioAtMost("the same p99", "ms", Pairs(0.99, "p99_ms"), 1.1, program.Name));
        }

        return figures;
    }
}
