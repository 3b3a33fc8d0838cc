using Forecast.Pipeline.Tests.Cli;
using Forecast.Pipeline.Tests.EndToEnd;

namespace Forecast.Pipeline.Tests.Fuzzing;

/// <summary>The short, seeded side of eng/fuzz.sh, and what that has found, tried again for ever. After the others: it allocates much, and some of those measure the process's memory.</summary>
[Collection(EndToEndTests.Name)]
public sealed class FuzzTests : IDisposable
{
    private const int Seed = 20261123;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("configuration")]
    [InlineData("rig")]
    [InlineData("manifest")]
    [InlineData("request")]
    [InlineData("vehicle")]
    [InlineData("watch")]
    [InlineData("jpeg")]
    [InlineData("video")]
    public void Read_SpoiltInputs_AreRefusedOrReadAndNothingElse(string name)
    {
        var target = FuzzTargets.Of(name, _folder.Path);
        var mutator = new ByteMutator(Seed, target.Corpus, target.Tokens);
        var taken = 0;
        for (var i = 0; i < target.InATest; i++)
        {
            taken += Read(target, mutator.Next(target.MostBytes)) ? 1 : 0;
        }

        Assert.True(taken > 0, "every input was refused: this tests the first check alone");
    }

    /// <summary>Pipeline.Tests/Fixtures/Fuzz/TARGET/FILE, each as it was stored.</summary>
    [Fact]
    public void Read_WhatWasFoundBefore_IsRefusedOrRead()
    {
        var tried = 0;
        foreach (var file in Directory.EnumerateFiles(Needs.InRepository("Pipeline.Tests/Fixtures/Fuzz"), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var target = FuzzTargets.Of(Path.GetFileName(Path.GetDirectoryName(file)!), _folder.Path);
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            Read(target, File.ReadAllBytes(file));
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - allocated < 256 << 20, $"{file} has more than 256 MB allocated");
            tried++;
        }

        Assert.True(tried > 0, "there is nothing to try");
    }

    private static bool Read(FuzzTarget target, byte[] input)
    {
        try
        {
            target.Read(input);
            return true;
        }
        catch (Exception refusal) when (FuzzTargets.IsRefusal(refusal))
        {
            return false;
        }
    }
}
