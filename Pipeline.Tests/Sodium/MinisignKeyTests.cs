using System.Text;
using Forecast.Adapters.Sodium;
using Forecast.Pipeline.Tests.Cli;

namespace Forecast.Pipeline.Tests.Sodium;

/// <summary>Signatures made by minisign itself, and what becomes of them when anything is changed.</summary>
public sealed class MinisignKeyTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly MinisignTool _minisign;

    public MinisignKeyTests() => _minisign = new MinisignTool(_folder);

    public void Dispose() => _folder.Dispose();

    [NeedsCommandFact("minisign")]
    public void Demand_SignedInEitherForm_IsTaken()
    {
        var key = MinisignKey.Load(_minisign.MakeKey("owner"));
        foreach (var legacy in new[] { false, true })
        {
            foreach (var text in new[] { "", "x", new string('y', 100_000) })
            {
                var file = Signed(text, legacy);
                key.Demand(file, Encoding.UTF8.GetBytes(text));
            }
        }
    }

    [NeedsCommandFact("minisign")]
    public void Demand_OneBitOfTheContentChanged_IsRefused()
    {
        var key = MinisignKey.Load(_minisign.MakeKey("owner"));
        foreach (var legacy in new[] { false, true })
        {
            var file = Signed("a model", legacy);
            var content = "a model"u8.ToArray();
            content[3] ^= 1;

            Assert.Contains("is not what was signed", Refusal(key, file, content), StringComparison.Ordinal);
        }
    }

    [NeedsCommandFact("minisign")]
    public void Demand_AnyCharacterOfTheSignatureChanged_IsRefused()
    {
        var key = MinisignKey.Load(_minisign.MakeKey("owner"));
        var file = Signed("a model", legacy: false);
        var beside = file + MinisignKey.SignatureEnding;
        var signature = File.ReadAllText(beside);
        var first = signature.IndexOf('\n', StringComparison.Ordinal); // the first comment is nobody's promise
        for (var at = first; at < signature.TrimEnd().Length; at++)
        {
            File.WriteAllText(beside, $"{signature[..at]}{(signature[at] == 'A' ? 'B' : 'A')}{signature[(at + 1)..]}");
            Assert.NotEqual("", Refusal(key, file, "a model"u8.ToArray()));
        }
    }

    [NeedsCommandFact("minisign")]
    public void Demand_AnothersSignature_SaysWhoseItIs()
    {
        var key = MinisignKey.Load(_minisign.MakeKey("owner"));
        var other = MinisignKey.Load(_minisign.MakeKey("other"));
        var file = Signed("a model", legacy: false);
        _minisign.Sign(file, "other");

        Assert.Contains($"is signed with the key {other.Id}, and {_folder.At("owner.pub")} is {key.Id}", Refusal(key, file, "a model"u8.ToArray()), StringComparison.Ordinal);
    }

    [NeedsCommandFact("minisign")]
    public void Demand_NoSignatureOrGarbage_IsRefused()
    {
        var key = MinisignKey.Load(_minisign.MakeKey("owner"));
        var file = _folder.Write("bare", "a model");
        Assert.Contains($"is not signed, and the key {_folder.At("owner.pub")} demands it", Refusal(key, file, "a model"u8.ToArray()), StringComparison.Ordinal);
        foreach (var garbage in new[] { "", "\n\n\n", "untrusted comment: x\nRW\ntrusted comment: y\nRW\n", new string('x', 5000) })
        {
            File.WriteAllText(file + MinisignKey.SignatureEnding, garbage);
            Assert.NotEqual("", Refusal(key, file, "a model"u8.ToArray()));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("untrusted comment: a key\nRWQ=\n")]
    [InlineData("untrusted comment: minisign encrypted secret key\nRWQAAAAAAAAAAAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fRWQAAAAAAAAAAAABAgMEBQYH\n")]
    public void Load_NoPublicKey_IsRefused(string text) =>
        Assert.Contains("is no minisign public key", Assert.Throws<SignatureException>(() => MinisignKey.Load(_folder.Write("k", text))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("RWQAAAAAAAAAAAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f", true)]
    [InlineData(" RWQAAAAAAAAAAAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f", false)]
    [InlineData("RWQAAAAAAAAAAAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f=", false)]
    public void ReadKey_WrittenInAnotherWay_IsNoKey(string text, bool isKey) => Assert.Equal(isKey, Minisign.ReadKey(text) is not null);

    /// <summary>The last letter before the padding has bits that stand for nothing: B is A there.</summary>
    [Fact]
    public void ReadSignature_BitsThatStandForNothing_IsNoSignature()
    {
        static string Written(string last) => $"untrusted comment: x\nRWQ{new string('A', 95)}{last}=\ntrusted comment: y\n{new string('A', 86)}==\n";

        Assert.NotNull(Minisign.ReadSignature(Written("A")));
        Assert.Null(Minisign.ReadSignature(Written("B")));
    }

    [Fact]
    public void Read_RandomText_NeverThrows()
    {
        var random = new Random(7);
        const string Letters = "untrusted comment: trusted comment: \n\n\nRWEdED=+/Aa0\r\0é";
        for (var i = 0; i < 20_000; i++)
        {
            var text = string.Create(random.Next(200), random, (span, chance) =>
            {
                foreach (ref var letter in span)
                {
                    letter = Letters[chance.Next(Letters.Length)];
                }
            });
            Assert.Null(Minisign.ReadKey(text));
            Assert.Null(Minisign.ReadSignature("untrusted comment:\n" + text));
        }
    }

    /// <summary>The neutral element as a key: with it anybody could sign anything, were it taken.</summary>
    [Fact]
    public void Demand_KeyOfSmallOrder_TakesNothing()
    {
        byte[] number = [1, 2, 3, 4, 5, 6, 7, 8];
        byte[] neutral = [1, .. new byte[31]];
        var key = MinisignKey.Load(_folder.Write("k", $"untrusted comment: weak\n{Convert.ToBase64String([.. "Ed"u8, .. number, .. neutral])}\n"));
        byte[] forged = [.. neutral, .. new byte[32]];
        var file = _folder.Write("bare", "a model");
        File.WriteAllText(
            file + MinisignKey.SignatureEnding,
            $"untrusted comment: x\n{Convert.ToBase64String([.. "Ed"u8, .. number, .. forged])}\ntrusted comment: y\n{Convert.ToBase64String(forged)}\n");

        Assert.Contains("is not what was signed", Refusal(key, file, "a model"u8.ToArray()), StringComparison.Ordinal);
    }

    private static string Refusal(MinisignKey key, string file, byte[] content) => Assert.Throws<SignatureException>(() => key.Demand(file, content)).Message;

    private string Signed(string text, bool legacy)
    {
        var file = _folder.Write($"file-{text.Length}", text);
        _minisign.Sign(file, "owner", legacy);
        return file;
    }
}
