using System.Text;

namespace Forecast.Pipeline.Tests.Fuzzing;

/// <summary>
/// Makes spoilt inputs out of good ones, the same ones for the same seed: bits turned, bytes set, pieces cut out, doubled, moved between inputs, numbers replaced, the end cut off.
/// It knows nothing of what the code under test does with them.
/// </summary>
internal sealed class ByteMutator(int seed, IReadOnlyList<byte[]> corpus, IReadOnlyList<string> tokens)
{
    private const int MostSteps = 6;
    private static readonly byte[][] Numbers = [.. new[] { "0", "-1", "1e999", "-1e-999", "NaN", "99999999999999999999", "2147483648", "-9223372036854775809", "0.1", "1e9", "" }.Select(Encoding.UTF8.GetBytes)];
    private static readonly byte[] Edges = [0, 1, 0x7f, 0x80, 0xff, (byte)'"', (byte)'{', (byte)'[', (byte)':', (byte)'-'];

    private readonly Random _random = new(seed);
    private readonly byte[][] _tokens = [.. tokens.Select(Encoding.UTF8.GetBytes)];

    public byte[] Next(int mostBytes)
    {
        var input = corpus[_random.Next(corpus.Count)].ToList();
        var inPlace = _random.Next(2) == 0; // containers with offsets are refused at once when a byte is too many
        for (var steps = _random.Next(1, MostSteps); steps > 0; steps--)
        {
            Spoil(input, inPlace);
        }

        return [.. input.Take(mostBytes)];
    }

    private void Spoil(List<byte> input, bool inPlace)
    {
        if (input.Count == 0)
        {
            input.Add((byte)_random.Next(256));
            return;
        }

        var at = _random.Next(input.Count);
        var length = Math.Min(input.Count - at, 1 << _random.Next(0, 10));
        switch (inPlace ? _random.Next(4) : _random.Next(10))
        {
            case 0:
                input[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 1:
                input[at] = (byte)_random.Next(256);
                break;
            case 2:
                input[at] = Edges[_random.Next(Edges.Length)];
                break;
            case 3:
                SetInteger(input, at);
                break;
            case 4:
                input.InsertRange(at, input.GetRange(at, length));
                break;
            case 5:
                Splice(input, at);
                break;
            case 6:
                ReplaceNumber(input, at);
                break;
            case 7 when _tokens.Length > 0:
                input.InsertRange(at, _tokens[_random.Next(_tokens.Length)]);
                break;
            case 8:
                input.RemoveRange(at, length);
                break;
            default:
                if (_random.Next(8) == 0)
                {
                    input.RemoveRange(at, input.Count - at);
                }
                else
                {
                    input[at] = (byte)(input[at] + _random.Next(-3, 4));
                }

                break;
        }
    }

    private void Splice(List<byte> input, int at)
    {
        var other = corpus[_random.Next(corpus.Count)];
        var from = _random.Next(other.Length);
        var count = Math.Min(other.Length - from, 1 << _random.Next(0, 12));
        input.InsertRange(at, new ArraySegment<byte>(other, from, count));
    }

    private void ReplaceNumber(List<byte> input, int at)
    {
        var first = input.FindIndex(at, one => one is >= (byte)'0' and <= (byte)'9');
        if (first >= 0)
        {
            var end = first;
            while (end < input.Count && input[end] is (>= (byte)'0' and <= (byte)'9') or (byte)'.' or (byte)'e')
            {
                end++;
            }

            input.RemoveRange(first, end - first);
            input.InsertRange(first, Numbers[_random.Next(Numbers.Length)]);
        }
    }

    /// <summary>Lengths and counts of binary formats are mostly such.</summary>
    private void SetInteger(List<byte> input, int at)
    {
        ReadOnlySpan<uint> values = [0, 1, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, (uint)_random.Next(1 << 24)];
        var value = values[_random.Next(values.Length)];
        for (var i = 0; i < 4 && at + i < input.Count; i++)
        {
            input[at + i] = (byte)(value >> (24 - (8 * i)));
        }
    }
}
