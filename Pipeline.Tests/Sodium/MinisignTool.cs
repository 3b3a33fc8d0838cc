using System.Diagnostics;
using Forecast.Pipeline.Tests.Cli;

namespace Forecast.Pipeline.Tests.Sodium;

/// <summary>Debian's minisign, the program whose format this is: it makes keys without a passphrase, and signs.</summary>
internal sealed class MinisignTool(TestFolder folder)
{
    /// <summary>The public key's file; the secret one lies beside it.</summary>
    public string MakeKey(string name)
    {
        Run("-G", "-W", "-p", folder.At($"{name}.pub"), "-s", folder.At($"{name}.key"));
        return folder.At($"{name}.pub");
    }

    /// <param name="legacy">The older form, where the content itself is signed and not its BLAKE2b-512.</param>
    public void Sign(string file, string key, bool legacy = false) =>
        Run("-S", "-W", "-m", file, "-s", folder.At($"{key}.key"), legacy ? "-l" : "-H");

    private static void Run(params string[] arguments)
    {
        var start = new ProcessStartInfo("minisign", arguments) { RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var said = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, said.Result);
    }
}
