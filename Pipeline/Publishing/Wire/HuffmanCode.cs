namespace Forecast.Pipeline.Publishing.Wire;

/// <summary>
/// A canonical Huffman code of limited length over one of deflate's alphabets (RFC 1951), rebuilt in place from counts.
/// Code lengths by Moffat and Katajainen's in-place method (1995); those over the limit are shortened and the rarest others
/// lengthened until the code is complete again.
/// </summary>
internal sealed class HuffmanCode(int symbols, int longest)
{
    private const int SymbolBits = 9;

    private readonly int[] _sorted = new int[symbols];
    private readonly int[] _work = new int[symbols];
    private readonly int[] _perLength = new int[33];
    private readonly int[] _nextCode = new int[33];

    public int[] Counts { get; } = new int[symbols];

    /// <summary>Bits of each symbol's code; 0 where the symbol does not occur.</summary>
    public byte[] Lengths { get; } = new byte[symbols];

    /// <summary>The code, its first bit lowest, as deflate's bit stream wants it.</summary>
    public ushort[] Codes { get; } = new ushort[symbols];

    public void Build()
    {
        // A decoder refuses a code of fewer than two symbols in places; two unused short codes cost a few bits at most.
        Counts[0] = Math.Max(Counts[0], 1);
        Counts[1] = Math.Max(Counts[1], 1);
        var used = Sort();
        MeasureLengths(_work.AsSpan(0, used));
        LimitLengths(_work.AsSpan(0, used));
        AssignCodes(used);
    }

    private int Sort()
    {
        var used = 0;
        for (var symbol = 0; symbol < Counts.Length; symbol++)
        {
            if (Counts[symbol] > 0)
            {
                _sorted[used++] = (Counts[symbol] << SymbolBits) | symbol;
            }
        }

        _sorted.AsSpan(0, used).Sort();
        for (var i = 0; i < used; i++)
        {
            _work[i] = _sorted[i] >> SymbolBits;
        }

        return used;
    }

    /// <summary>Counts, smallest first, become code lengths, longest first.</summary>
    private static void MeasureLengths(Span<int> work)
    {
        var count = work.Length;
        work[0] += work[1];
        var root = 0;
        var leaf = 2;
        for (var next = 1; next < count - 1; next++)
        {
            work[next] = TakeSmallest(work, next, ref root, ref leaf, first: true);
            work[next] += TakeSmallest(work, next, ref root, ref leaf, first: false);
        }

        work[count - 2] = 0;
        for (var node = count - 3; node >= 0; node--)
        {
            work[node] = work[work[node]] + 1; // the depth of an inner node is its parent's and one
        }

        var free = 1;
        var depth = 0;
        root = count - 2;
        for (var next = count - 1; free > 0; depth++)
        {
            var inner = 0;
            for (; root >= 0 && work[root] == depth; root--)
            {
                inner++;
            }

            for (; free > inner; free--)
            {
                work[next--] = depth;
            }

            free = 2 * inner;
        }
    }

    private static int TakeSmallest(Span<int> work, int next, ref int root, ref int leaf, bool first)
    {
        if (leaf >= work.Length || ((first || root < next) && work[root] < work[leaf]))
        {
            var weight = work[root];
            work[root++] = next; // from now on its parent
            return weight;
        }

        return work[leaf++];
    }

    private void LimitLengths(Span<int> lengths)
    {
        Array.Clear(_perLength);
        var full = 0L;
        foreach (var length in lengths)
        {
            var limited = Math.Min(length, longest);
            _perLength[limited]++;
            full += 1L << (longest - limited);
        }

        for (; full > 1L << longest; full--)
        {
            var shorter = longest - 1;
            while (_perLength[shorter] == 0)
            {
                shorter--;
            }

            _perLength[longest]--;
            _perLength[shorter]--;
            _perLength[shorter + 1] += 2;
        }

        var next = 0;
        for (var length = longest; length > 0; length--)
        {
            for (var i = 0; i < _perLength[length]; i++)
            {
                lengths[next++] = length;
            }
        }
    }

    private void AssignCodes(int used)
    {
        Array.Clear(Lengths);
        for (var i = 0; i < used; i++)
        {
            Lengths[_sorted[i] & ((1 << SymbolBits) - 1)] = (byte)_work[i];
        }

        var code = 0;
        for (var length = 1; length <= longest; length++)
        {
            code = (code + _perLength[length - 1]) << 1;
            _nextCode[length] = code;
        }

        for (var symbol = 0; symbol < Lengths.Length; symbol++)
        {
            var length = Lengths[symbol];
            Codes[symbol] = length == 0 ? (ushort)0 : Reverse(_nextCode[length]++, length);
        }
    }

    private static ushort Reverse(int code, int length)
    {
        var reversed = 0;
        for (var i = 0; i < length; i++)
        {
            reversed = (reversed << 1) | ((code >> i) & 1);
        }

        return (ushort)reversed;
    }
}
