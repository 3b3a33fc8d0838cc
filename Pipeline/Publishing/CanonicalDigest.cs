using System.Security.Cryptography;
using Forecast.Pipeline.Frames;
using Forecast.Pipeline.Inference;
using Forecast.Pipeline.Publishing.Messages;
using Forecast.Pipeline.Publishing.Wire;

namespace Forecast.Pipeline.Publishing;

/// <summary>
/// One number for a whole run: SHA-256 of the number so far and of the next forecast's scene, risk and plan, canonical fields only, in
/// protobuf. The same forecasts in the same order give the same digest, whoever publishes them and when. One thread; nothing is
/// allocated a forecast.
/// </summary>
public sealed class CanonicalDigest
{
    private readonly MessageBuffer _buffer = new(64 * 1024);
    private readonly MessageConstants _constants;
    private readonly PlanMessage _plan;
    private readonly byte[] _value = new byte[SHA256.HashSizeInBytes];

    public CanonicalDigest(ModelManifest manifest, Rig rig)
    {
        // Nothing of the identity is canonical: it is named here only because a description asks for one.
        var nobody = new MessageIdentity("-", Guid.Empty, SourceKind.Replay, "-", "-", "-", "-");
        _constants = new MessageConstants(manifest, rig, nobody);
        _plan = new PlanMessage(manifest.HorizonsS.Count);
    }

    /// <summary>How many forecasts it covers.</summary>
    public long Count { get; private set; }

    /// <summary>32 bytes; valid until the next <see cref="Add"/>.</summary>
    public ReadOnlySpan<byte> Bytes => _value;

    /// <summary>64 hex digits.</summary>
    public string Value => Convert.ToHexStringLower(_value);

    public void Add(SceneForecast forecast)
    {
        _buffer.Clear();
        _buffer.Append(_value);
        var writer = new ProtobufMessageWriter(_buffer, canonicalOnly: true);
        Part(ref writer, 1, new SceneOf(_constants, Zlib: null, forecast, default));
        Part(ref writer, 2, new RiskOf(_constants, forecast, default));
        Part(ref writer, 3, new PlanOf(_constants, _plan, forecast, default));
        SHA256.HashData(_buffer.Written, _value);
        Count++;
    }

    /// <summary>As a field of its own, so that no two runs of parts read alike.</summary>
    private static void Part<TMessage>(ref ProtobufMessageWriter writer, int field, in TMessage message)
        where TMessage : struct, IMessage
    {
        var mark = writer.OpenItem(field);
        message.WriteTo(ref writer);
        writer.CloseItem(mark);
    }
}
