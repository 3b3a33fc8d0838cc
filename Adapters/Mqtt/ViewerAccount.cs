using System.Security.Cryptography;

namespace Forecast.Adapters.Mqtt;

/// <summary>
/// The one user of the embedded broker's WebSocket listener, who may only read. Any page in a browser on this machine can reach that listener,
/// so it takes nobody without this run's password, which lies in a file for our user alone and is shown nowhere.
/// </summary>
internal static class ViewerAccount
{
    internal const string User = "viewer";

    private const int SaltBytes = 12; // mosquitto takes no other length
    private const int HashBytes = 64;
    private const int Rounds = 101; // as mosquitto_passwd does; the password is 192 bits of chance, so that more would add nothing

    internal static string NewPassword() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));

    /// <summary>The line of mosquitto's password_file: PBKDF2 with SHA-512.</summary>
    internal static string PasswordLine(string password)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        var hash = Rfc2898DeriveBytes.Pbkdf2(password, salt, Rounds, HashAlgorithmName.SHA512, HashBytes);
        return $"{User}:$7${Rounds}${Convert.ToBase64String(salt)}${Convert.ToBase64String(hash)}";
    }

    /// <summary>The lines of mosquitto's acl_file.</summary>
    internal static IReadOnlyList<string> Access => [$"user {User}", "topic read forecast/#"];
}
