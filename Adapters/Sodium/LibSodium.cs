using System.Runtime.InteropServices;

namespace Forecast.Adapters.Sodium;

/// <summary>Debian's libsodium 1.0.18: the entry points used here, as its headers declare them. All but the version answer 0 for good.</summary>
internal static unsafe partial class LibSodium
{
    public const int PublicKeyBytes = 32;
    public const int SignatureBytes = 64;
    public const int HashBytes = 64;

    private const string Library = "libsodium.so.23";

    [LibraryImport(Library, EntryPoint = "sodium_version_string")]
    internal static partial nint Version();

    /// <summary>May be called again and again; below 0 when it cannot be used.</summary>
    [LibraryImport(Library, EntryPoint = "sodium_init")]
    internal static partial int Init();

    /// <summary>Ed25519 of RFC 8032; refuses keys of small order and signatures that are not canonical.</summary>
    [LibraryImport(Library, EntryPoint = "crypto_sign_ed25519_verify_detached")]
    internal static partial int Verify(byte* signature, byte* message, ulong messageLength, byte* publicKey);

    /// <summary>BLAKE2b of RFC 7693, without a key.</summary>
    [LibraryImport(Library, EntryPoint = "crypto_generichash_blake2b")]
    internal static partial int Blake2b(byte* hash, nuint hashLength, byte* message, ulong messageLength, byte* key, nuint keyLength);
}
