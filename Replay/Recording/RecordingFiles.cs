using System.Globalization;
using Forecast.Adapters.Drives;
using Forecast.Adapters.Mcap;
using Forecast.Adapters.OpenCv;
using Forecast.Pipeline.Frames;

namespace Forecast.Replay.Recording;

/// <summary>
/// The files of one recording, one after the other, each complete by itself: session, rig, schemas and calibration stand in every one. When the disk refuses,
/// what comes is counted as dropped, and a new file is tried now and then. One thread.
/// </summary>
internal sealed class RecordingFiles : IDisposable
{
    private readonly RecordingOptions _options;
    private readonly RecordedSession _session;
    private readonly RigClock _clock;
    private readonly IReadOnlyList<RecordingStream> _streams;
    private readonly ushort[] _channels;
    private readonly uint[] _sequences;
    private readonly byte[] _jpeg;
    private readonly ProtoWriter _image = new();
    private McapWriter? _writer;
    private Timestamp _retryAt;
    private long _begunNs;
    private long _bytesBefore;
    private int _next;

    /// <exception cref="IOException">The folder cannot be made, or no file in it.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public RecordingFiles(RecordingOptions options, RecordedSession session, RigClock clock)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.SplitBytes, 64 << 10);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.SplitTime, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MemoryBytes, 256 << 10);
        (_options, _session, _clock) = (options, session, clock);
        _streams = RecordingStreams.Of(session.Rig);
        _channels = new ushort[_streams.Count];
        _sequences = new uint[_streams.Count];
        _jpeg = new byte[PictureCodec.JpegCapacity(session.WidthPx, session.HeightPx)];
        Folder = MakeFolder(options.Folder, session.Start);
        _writer = Begin();
        _begunNs = session.Start.Nanoseconds;
    }

    public string Folder { get; }

    public long Dropped { get; private set; }

    public long Written { get; private set; }

    public long Bytes => _bytesBefore + (_writer?.Bytes ?? 0);

    public string? Trouble { get; private set; }

    public void Write(in RingEntry entry, ReadOnlySpan<byte> content)
    {
        if (!IsOpen(entry.LogTimeNs))
        {
            Dropped++;
            return;
        }

        try
        {
            Put(entry.Stream, entry.LogTimeNs, entry.PublishTimeNs, content);
            var camera = RecordingStreams.CameraOf(entry.Stream);
            if (camera >= 0)
            {
                PutImage(camera, entry, content);
            }
        }
        catch (McapWriteException refused)
        {
            Dropped++; // with it goes what the open chunk held: at most half a second
            Leave(refused.Message);
        }
    }

    public void CloseChunkIfDue()
    {
        try
        {
            _writer?.CloseChunkIfDue();
        }
        catch (McapWriteException refused)
        {
            Leave(refused.Message);
        }
    }

    public void Dispose()
    {
        _writer?.Dispose();
        Trouble = _writer?.Failure?.Message ?? Trouble;
        _bytesBefore = Bytes;
        _writer = null;
    }

    private static string MakeFolder(string folder, Timestamp start)
    {
        var moment = DateTimeOffset.UnixEpoch + TimeSpan.FromTicks(start.Nanoseconds / TimeSpan.NanosecondsPerTick);
        var name = moment.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        for (var attempt = 1; ; attempt++)
        {
            var path = Path.Combine(folder, attempt == 1 ? name : $"{name}-{attempt}");
            if (!Directory.Exists(path))
            {
                Directory.CreateDirectory(path);
                return path;
            }
        }
    }

    /// <summary>Goes on to the next file where this one is full; tries again, now and then, where the disk had refused.</summary>
    private bool IsOpen(long logTimeNs)
    {
        if (_writer is { } open && open.Bytes < _options.SplitBytes && logTimeNs - _begunNs < _options.SplitTime.Ticks * TimeSpan.NanosecondsPerTick)
        {
            return true;
        }

        if (_writer is null && _clock.Now < _retryAt)
        {
            return false;
        }

        try
        {
            var failure = _writer?.Failure;
            _writer?.Dispose();
            failure ??= _writer?.Failure;
            _bytesBefore = Bytes;
            _writer = null;
            _writer = Begin();
            _begunNs = logTimeNs;
            Trouble = failure?.Message;
            return true;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException or McapWriteException)
        {
            Leave(refused.Message);
            return false;
        }
    }

    private void Leave(string why)
    {
        Trouble = why.ReplaceLineEndings(" ");
        _writer?.Dispose();
        _bytesBefore = Bytes;
        _writer = null;
        _retryAt = _clock.Now + _options.Retry;
    }

    private McapWriter Begin()
    {
        var path = Path.Combine(Folder, string.Create(CultureInfo.InvariantCulture, $"part-{_next++:0000}.mcap"));
        var writer = McapWriter.Create(path, new McapWriterOptions { Compression = _options.Compression, Library = $"forecast {_session.Software}" }, _clock.Provider);
        try
        {
            Describe(writer);
            return writer;
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    private void Describe(McapWriter writer)
    {
        var schemas = new Dictionary<string, ushort>();
        for (var i = 0; i < _streams.Count; i++)
        {
            var (topic, schema) = _streams[i];
            if (!schemas.TryGetValue(schema, out var id))
            {
                id = writer.AddSchema(schema, "protobuf", RecordingSchemas.Of(schema));
                schemas.Add(schema, id);
            }

            _channels[i] = writer.AddChannel(topic, "protobuf", id, new Dictionary<string, string>());
        }

        var start = (ulong)_session.Start.Nanoseconds;
        writer.AddAttachment(start, start, RecordingReader.SessionName, "application/json", SessionJson.Write(_session));
        writer.AddAttachment(start, start, RecordingReader.RigName, "application/json", RigJson.Write(_session.Rig));
        for (var camera = 0; camera < _session.Rig.Cameras.Count; camera++)
        {
            PutStanding(writer, RecordingStreams.Calibration(camera), FoxgloveMessages.Calibration(_session, camera));
        }

        PutStanding(writer, RecordingStreams.Transforms, FoxgloveMessages.Transforms(_session));
    }

    private void PutStanding(McapWriter writer, int stream, ReadOnlySpan<byte> message)
    {
        var at = (ulong)Math.Max(_begunNs, _session.Start.Nanoseconds);
        writer.Write(_channels[stream], _sequences[stream]++, at, at, message);
    }

    private void Put(int stream, long logTimeNs, long publishTimeNs, ReadOnlySpan<byte> message)
    {
        _writer!.Write(_channels[stream], _sequences[stream]++, (ulong)Math.Max(0, logTimeNs), (ulong)Math.Max(0, publishTimeNs), message);
        Written++;
    }

    private void PutImage(int camera, in RingEntry entry, ReadOnlySpan<byte> input)
    {
        var (width, height) = (_session.WidthPx, _session.HeightPx);
        var pixels = input[^(width * height * 3)..]; // the picture is the message's last field
        var length = PictureCodec.EncodeJpeg(pixels, width, height, _options.JpegQuality, _jpeg);
        _image.Clear().Moment(1, entry.PublishTimeNs).Bytes(2, _jpeg.AsSpan(0, length)).Text(3, "jpeg").Text(4, _session.Rig.Cameras[camera].Name);
        Put(RecordingStreams.Image(camera), entry.LogTimeNs, entry.PublishTimeNs, _image.Written);
    }
}
