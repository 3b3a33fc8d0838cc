using System.Diagnostics;
using System.Globalization;
using Forecast.Adapters.Mcap;

namespace Forecast.Benchmarks;

/// <summary>Megabytes of message data a second, ours and the peer's, and ours over the peer's: the medians of the pairs.</summary>
public readonly record struct McapPace(double OwnMbS, double PeerMbS, double Ratio);

/// <summary>
/// Writing and reading MCAP beside npm's @mcap/core (eng/npm/mcap-peer.mjs) in one run, with checksums on both sides: the same messages, chunks of 1 MiB,
/// files in one folder, read from the file that is written here. Ours and the peer's take turns at coming first. Each measures itself, without the start
/// of its process.
/// </summary>
public sealed class McapBench
{
    public const int MessageBytes = 10_000;
    private const double Megabyte = 1e6;

    private readonly string _script;
    private readonly int _messages;
    private readonly TimeProvider _clock;
    private readonly byte[] _data = Content();
    private readonly string _ownFile;
    private readonly string _peerFile;

    /// <param name="script">mcap-peer.mjs.</param>
    /// <param name="folder">For files of <paramref name="messages"/> times <see cref="MessageBytes"/>.</param>
    public McapBench(string script, string folder, int messages, TimeProvider clock)
    {
        (_script, _messages, _clock) = (script, messages, clock);
        (_ownFile, _peerFile) = (Path.Combine(folder, "own.mcap"), Path.Combine(folder, "peer.mcap"));
    }

    /// <summary>Writing and reading, in this order.</summary>
    /// <param name="compression">The peer writes none and zstd.</param>
    /// <exception cref="InvalidOperationException">The peer failed, or read another number of messages than were written.</exception>
    public (McapPace Write, McapPace Read) Measure(McapCompression compression, int pairs, CancellationToken cancelled)
    {
        Write(compression);
        Read(); // both are compiled now
        var (writes, reads) = (new List<(double Own, double Peer)>(), new List<(double Own, double Peer)>());
        for (var pair = 0; pair < pairs; pair++)
        {
            cancelled.ThrowIfCancellationRequested();
            writes.Add(InTurns(pair, () => Write(compression), () => PeerWrite(compression)));
            reads.Add(InTurns(pair, Read, PeerRead));
        }

        File.Delete(_ownFile);
        File.Delete(_peerFile);
        return (Pace(writes), Pace(reads));
    }

    private static (double Own, double Peer) InTurns(int pair, Func<double> own, Func<double> peer)
    {
        if (pair % 2 == 0)
        {
            var first = own();
            return (first, peer());
        }

        var before = peer();
        return (own(), before);
    }

    private McapPace Pace(List<(double Own, double Peer)> seconds)
    {
        var megabytes = (double)_messages * MessageBytes / Megabyte;
        return new McapPace(
            Median(seconds.Select(pair => megabytes / pair.Own)), Median(seconds.Select(pair => megabytes / pair.Peer)), Median(seconds.Select(pair => pair.Peer / pair.Own)));
    }

    private double Write(McapCompression compression)
    {
        File.Delete(_ownFile);
        var started = Stopwatch.GetTimestamp();
        using (var writer = McapWriter.Create(_ownFile, new McapWriterOptions { Compression = compression }, _clock))
        {
            var schema = writer.AddSchema("S", "jsonschema", "{}"u8);
            var channel = writer.AddChannel("/t", "json", schema, new Dictionary<string, string>());
            for (var i = 0; i < _messages; i++)
            {
                var time = (ulong)i * 1_000_000;
                writer.Write(channel, (uint)i, time, time, _data);
            }

            writer.Finish();
        }

        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private double Read()
    {
        var started = Stopwatch.GetTimestamp();
        using var file = new FileStream(_ownFile, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        using var reader = new McapStreamReader(file);
        var messages = 0;
        while (reader.Read())
        {
            messages += reader.Opcode == McapOpcode.Message ? 1 : 0;
        }

        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return messages == _messages && reader.Problems.Count == 0 ? seconds : throw new InvalidOperationException($"{messages} messages were read of {_messages}");
    }

    private double PeerWrite(McapCompression compression) =>
        Peer("time-write", _peerFile, compression == McapCompression.Zstd ? "zstd" : "none", MessageBytes.ToString(CultureInfo.InvariantCulture), _messages.ToString(CultureInfo.InvariantCulture))[0];

    private double PeerRead() => Peer("time-read", _ownFile) is [var seconds, var messages] && messages == _messages
        ? seconds
        : throw new InvalidOperationException("the peer read another number of messages than were written");

    private double[] Peer(params string[] arguments)
    {
        using var node = Process.Start(new ProcessStartInfo("node", [_script, .. arguments]) { RedirectStandardOutput = true })!;
        var output = node.StandardOutput.ReadToEnd();
        node.WaitForExit();
        return node.ExitCode == 0
            ? [.. output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(number => double.Parse(number, CultureInfo.InvariantCulture))]
            : throw new InvalidOperationException($"node {_script} ended with {node.ExitCode}");
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }

    /// <summary>Half of it easily compressed, half not: a linear congruential generator that the peer has too.</summary>
    private static byte[] Content()
    {
        var data = new byte[MessageBytes];
        var state = 1u;
        for (var i = 0; i < MessageBytes / 2; i++)
        {
            state = unchecked((state * 1_664_525) + 1_013_904_223);
            data[i] = (byte)(state >> 24);
        }

        return data;
    }
}
