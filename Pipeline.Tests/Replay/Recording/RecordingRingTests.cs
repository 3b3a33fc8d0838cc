using Forecast.Replay.Recording;

namespace Forecast.Pipeline.Tests.Replay.Recording;

public sealed class RecordingRingTests
{
    [Fact]
    public void TryPeek_AfterManyRounds_GivesEveryEntryInOrderAndWhole()
    {
        var ring = new RecordingRing(1024);
        var random = new Random(20_261_123);
        var expected = new Queue<(int Stream, byte[] Bytes)>();
        for (var i = 0; i < 5_000; i++)
        {
            var (prefix, body) = (new byte[random.Next(20)], new byte[random.Next(200)]);
            random.NextBytes(prefix);
            random.NextBytes(body);
            if (ring.TryAdd(i, i, i, prefix, body))
            {
                expected.Enqueue((i, [.. prefix, .. body]));
            }
            else
            {
                Assert.NotEmpty(expected); // an empty ring has room for each of these
            }

            for (var taken = random.Next(3); taken > 0 && ring.TryPeek(out var entry, out var content); taken--)
            {
                var (stream, bytes) = expected.Dequeue();
                Assert.Equal(stream, entry.Stream);
                Assert.Equal(bytes, content.ToArray());
                ring.Release();
            }
        }

        Assert.True(expected.Count > 1);
    }

    [Fact]
    public void TryAdd_Full_RefusesUntilAnEntryIsReleased()
    {
        var ring = new RecordingRing(256);
        Assert.True(ring.TryAdd(0, 1, 1, default, new byte[100]));
        Assert.True(ring.TryAdd(1, 2, 2, default, new byte[90]));
        Assert.False(ring.TryAdd(2, 3, 3, default, new byte[100]));
        Assert.True(ring.TryPeek(out var entry, out _));
        Assert.Equal(0, entry.Stream);
        ring.Release();
        Assert.True(ring.TryAdd(2, 3, 3, default, new byte[90]));
    }

    [Fact]
    public void TryAdd_LongerThanTheRing_IsRefused() => Assert.False(new RecordingRing(256).TryAdd(0, 0, 0, default, new byte[300]));

    [Fact]
    public void TryPeek_TimesThatGoBack_AreThoseOfTheEntryBefore()
    {
        var ring = new RecordingRing(256);
        ring.TryAdd(0, 9, 9, default, default);
        ring.TryAdd(0, 7, 7, default, default);
        ring.TryPeek(out _, out _);
        ring.Release();
        Assert.True(ring.TryPeek(out var second, out _));
        Assert.Equal((9, 7), (second.LogTimeNs, second.PublishTimeNs));
    }
}
