using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Forecast.Adapters.Sodium;

/// <summary>A minisign public key: what it demands of a file is a signature beside it, FILE.minisig, in either of minisign's two forms.</summary>
public sealed unsafe class MinisignKey
{
    public const string SignatureEnding = ".minisig";

    private readonly string _file;
    private readonly byte[] _number;
    private readonly byte[] _key;

    private MinisignKey(string file, byte[] number, byte[] key)
    {
        _file = file;
        _number = number;
        _key = key;
    }

    /// <summary>As minisign shows it.</summary>
    public string Id => Show(_number);

    /// <exception cref="SignatureException">It cannot be read, is no public key, or libsodium is missing.</exception>
    public static MinisignKey Load(string file)
    {
        var text = ReadText(file, "the public key");
        var (number, key) = Minisign.ReadKey(text)
            ?? throw new SignatureException($"{file}: is no minisign public key; minisign -G -p {file} makes one, and minisign -R -p {file} writes one again");
        try
        {
            return LibSodium.Init() >= 0 ? new MinisignKey(file, number, key) : throw new SignatureException("libsodium cannot be used on this machine");
        }
        catch (DllNotFoundException)
        {
            throw new SignatureException("signatures cannot be checked: libsodium.so.23 is not installed: apt-get install libsodium23");
        }
    }

    /// <summary>Returns where <paramref name="content"/> is what the owner of this key signed as <paramref name="file"/>.minisig.</summary>
    /// <exception cref="SignatureException">It is not, or there is no signature: one line that says which.</exception>
    public void Demand(string file, ReadOnlySpan<byte> content)
    {
        var beside = file + SignatureEnding;
        if (!File.Exists(beside))
        {
            throw new SignatureException($"{file}: is not signed, and the key {_file} demands it: there is no {beside}; minisign -S -m {file} makes one");
        }

        var signature = Minisign.ReadSignature(ReadText(beside, "the signature")) ?? throw new SignatureException($"{beside}: is no minisign signature; sign {file} again");
        if (!signature.Number.AsSpan().SequenceEqual(_number))
        {
            throw new SignatureException($"{file}: is signed with the key {Show(signature.Number)}, and {_file} is {Id}");
        }

        if (!(signature.Prehashed ? Fits(signature.Signature, Hash(content)) : Fits(signature.Signature, content)))
        {
            throw new SignatureException($"{file}: is not what was signed with the key {Id}: it was altered, or its signature is another file's");
        }

        byte[] both = [.. signature.Signature, .. Encoding.UTF8.GetBytes(signature.TrustedComment)];
        if (!Fits(signature.OverBoth, both))
        {
            throw new SignatureException($"{beside}: its trusted comment was altered");
        }
    }

    private static string ReadText(string file, string what)
    {
        try
        {
            return Encoding.UTF8.GetString(WholeFile.Read(file, Minisign.MostBytes));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new SignatureException($"{what} {file} cannot be read: {fault.Message.TrimEnd('.').ReplaceLineEndings(" ")}");
        }
    }

    private static string Show(byte[] number) => BinaryPrimitives.ReadUInt64LittleEndian(number).ToString("X16", CultureInfo.InvariantCulture);

    private static byte[] Hash(ReadOnlySpan<byte> content)
    {
        var hash = new byte[LibSodium.HashBytes];
        fixed (byte* from = content, to = hash)
        {
            return LibSodium.Blake2b(to, (nuint)hash.Length, from, (ulong)content.Length, null, 0) == 0 ? hash : throw new SignatureException("BLAKE2b failed");
        }
    }

    private bool Fits(byte[] signature, ReadOnlySpan<byte> message)
    {
        fixed (byte* signed = signature, text = message, key = _key)
        {
            return LibSodium.Verify(signed, text, (ulong)message.Length, key) == 0;
        }
    }
}

/// <summary>A file is unsigned, wrongly signed, or nothing can be checked: one line that says which and what to do.</summary>
public sealed class SignatureException(string message) : Exception(message);
