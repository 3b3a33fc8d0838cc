namespace Forecast.Adapters.Sodium;

/// <summary>
/// The text files of minisign (format of its version 0.11): a comment, then base64 of two letters for the algorithm, a key's number of
/// eight bytes, and the key or signature; in a signature also a trusted comment and a signature over signature and comment together.
/// </summary>
internal static class Minisign
{
    internal const int MostBytes = 4096;
    internal const int NumberBytes = 8;

    private const int LetterBytes = 2;
    private const string UntrustedPrefix = "untrusted comment:";
    private const string TrustedPrefix = "trusted comment: ";

    /// <returns>Null where the text is no public key.</returns>
    internal static (byte[] Number, byte[] Key)? ReadKey(string text)
    {
        var lines = Lines(text);
        var encoded = lines is [var comment, var second] && comment.StartsWith(UntrustedPrefix, StringComparison.Ordinal) ? second : lines is [var only] ? only : null;
        return encoded is not null && Decode(encoded, LibSodium.PublicKeyBytes) is { } bytes && bytes.AsSpan(0, LetterBytes).SequenceEqual("Ed"u8)
            ? (bytes[LetterBytes..(LetterBytes + NumberBytes)], bytes[(LetterBytes + NumberBytes)..])
            : null;
    }

    /// <returns>Null where the text is no signature.</returns>
    internal static MinisignSignature? ReadSignature(string text)
    {
        if (Lines(text) is not [var comment, var first, var trusted, var second]
            || !comment.StartsWith(UntrustedPrefix, StringComparison.Ordinal)
            || !trusted.StartsWith(TrustedPrefix, StringComparison.Ordinal)
            || Decode(first, LibSodium.SignatureBytes) is not { } bytes
            || Base64(second) is not { Length: LibSodium.SignatureBytes } global)
        {
            return null;
        }

        var letters = bytes.AsSpan(0, LetterBytes);
        var prehashed = letters.SequenceEqual("ED"u8);
        return prehashed || letters.SequenceEqual("Ed"u8)
            ? new MinisignSignature(prehashed, bytes[LetterBytes..(LetterBytes + NumberBytes)], bytes[(LetterBytes + NumberBytes)..], trusted[TrustedPrefix.Length..], global)
            : null;
    }

    private static string[] Lines(string text) => text.TrimEnd('\n', '\r').ReplaceLineEndings("\n").Split('\n');

    private static byte[]? Decode(string text, int contentBytes) =>
        Base64(text) is { } bytes && bytes.Length == LetterBytes + NumberBytes + contentBytes ? bytes : null;

    /// <summary>As it would be written: the library also takes spaces, and bits that stand for nothing.</summary>
    private static byte[]? Base64(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var count) && Convert.ToBase64String(bytes, 0, count) == text ? bytes[..count] : null;
    }
}

/// <param name="Prehashed">What was signed is the content's BLAKE2b-512 and not the content itself (minisign's older form).</param>
/// <param name="Number">Of the key that signed.</param>
/// <param name="OverBoth">Signature over <paramref name="Signature"/> followed by the trusted comment.</param>
internal sealed record MinisignSignature(bool Prehashed, byte[] Number, byte[] Signature, string TrustedComment, byte[] OverBoth);
