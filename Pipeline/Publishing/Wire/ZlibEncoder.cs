using System.Buffers.Binary;

namespace Forecast.Pipeline.Publishing.Wire;

/// <summary>
/// Bytes into one zlib stream (RFC 1950, 1951): greedy matches over a hash chain, then one block with Huffman codes of its own.
/// Written here because the framework's streams allocate several hundred bytes each time and Pipeline may not call libz: this
/// one reuses everything, and gives the same bytes on every machine.
/// </summary>
internal sealed class ZlibEncoder
{
    private const int LiteralSymbols = 286;
    private const int DistanceSymbols = 30;
    private const int LengthSymbols = 19;
    private const int EndOfBlock = 256;
    private const int FirstLength = 257;
    private const int MatchFlag = 1 << 30;

    private static readonly byte[] LengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    private static readonly int[] LengthBase = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
    private static readonly byte[] LengthExtra = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
    private static readonly byte[] LengthSymbol = SymbolOfLength();

    private readonly MatchFinder _matches;
    private readonly int[] _tokens;
    private readonly byte[] _codeLengths = new byte[LiteralSymbols + DistanceSymbols];
    private readonly ushort[] _lengthTokens = new ushort[LiteralSymbols + DistanceSymbols];
    private readonly HuffmanCode _literals = new(LiteralSymbols, 15);
    private readonly HuffmanCode _distances = new(DistanceSymbols, 15);
    private readonly HuffmanCode _lengths = new(LengthSymbols, 7);
    private readonly byte[] _output;
    private int _length;
    private ulong _bits;
    private int _bitCount;

    /// <param name="longest">The most bytes that one stream will hold.</param>
    public ZlibEncoder(int longest)
    {
        _matches = new MatchFinder(longest);
        _tokens = new int[longest];
        _output = new byte[(2 * longest) + 1024]; // no code is longer than 15 bits, and the codes themselves take a few hundred bytes
    }

    /// <summary>The stream of <paramref name="input"/>; valid until the next call.</summary>
    public ReadOnlySpan<byte> Encode(ReadOnlySpan<byte> input)
    {
        _output[0] = 0x78; // deflate, window of 32 KiB
        _output[1] = 0x9C; // makes the first two bytes a multiple of 31
        _length = 2;
        _bits = 0;
        _bitCount = 0;
        var tokens = Match(input);
        WriteBlock(_tokens.AsSpan(0, tokens));
        WriteChecksum(input);
        return _output.AsSpan(0, _length);
    }

    private int Match(ReadOnlySpan<byte> input)
    {
        _matches.Clear();
        Array.Clear(_literals.Counts);
        Array.Clear(_distances.Counts);
        var tokens = 0;
        for (var at = 0; at < input.Length;)
        {
            var length = _matches.LongestAt(input, at, out var distance);
            if (length < MatchFinder.Shortest)
            {
                _literals.Counts[input[at]]++;
                _tokens[tokens++] = input[at];
                length = 1;
            }
            else
            {
                _literals.Counts[FirstLength + LengthSymbol[length]]++;
                _distances.Counts[DistanceSymbol(distance)]++;
                _tokens[tokens++] = MatchFlag | (length << 16) | (distance - 1);
            }

            for (var end = at + length; at < end; at++)
            {
                _matches.Remember(input, at);
            }
        }

        _literals.Counts[EndOfBlock]++;
        return tokens;
    }

    private void WriteBlock(ReadOnlySpan<int> tokens)
    {
        _literals.Build();
        _distances.Build();
        Put(1, 1); // the last block
        Put(2, 2); // with codes of its own
        WriteCodes();
        foreach (var token in tokens)
        {
            if ((token & MatchFlag) == 0)
            {
                PutSymbol(_literals, token);
            }
            else
            {
                WriteMatch((token >> 16) & 0x1FF, (token & 0xFFFF) + 1);
            }
        }

        PutSymbol(_literals, EndOfBlock);
        for (; _bitCount > 0; _bitCount -= 8)
        {
            _output[_length++] = (byte)_bits;
            _bits >>= 8;
        }
    }

    private void WriteMatch(int length, int distance)
    {
        var lengthSymbol = LengthSymbol[length];
        PutSymbol(_literals, FirstLength + lengthSymbol);
        Put((uint)(length - LengthBase[lengthSymbol]), LengthExtra[lengthSymbol]);
        var distanceSymbol = DistanceSymbol(distance);
        PutSymbol(_distances, distanceSymbol);
        var extra = Math.Max(0, (distanceSymbol >> 1) - 1);
        Put((uint)(distance - 1) & ((1u << extra) - 1), extra);
    }

    /// <summary>The code lengths of both alphabets, runs shortened, under a third code.</summary>
    private void WriteCodes()
    {
        _literals.Lengths.CopyTo(_codeLengths, 0);
        _distances.Lengths.CopyTo(_codeLengths, LiteralSymbols);
        Array.Clear(_lengths.Counts);
        var tokens = 0;
        for (var at = 0; at < _codeLengths.Length;)
        {
            var length = _codeLengths[at];
            var run = 1;
            while (at + run < _codeLengths.Length && _codeLengths[at + run] == length && run < (length == 0 ? 138 : 7))
            {
                run++;
            }

            // A token is a symbol and, above it, what its extra bits say: 17 and 18 repeat zeros, 16 repeats the length before.
            if (length == 0 && run >= 3)
            {
                _lengthTokens[tokens] = (ushort)(run > 10 ? 18 | ((run - 11) << 8) : 17 | ((run - 3) << 8));
            }
            else if (run >= 4)
            {
                _lengthTokens[tokens++] = length;
                _lengths.Counts[length]++;
                _lengthTokens[tokens] = (ushort)(16 | ((run - 4) << 8));
            }
            else
            {
                _lengthTokens[tokens] = length;
                run = 1;
            }

            _lengths.Counts[_lengthTokens[tokens++] & 0xFF]++;
            at += run;
        }

        _lengths.Build();
        WriteLengthTokens(_lengthTokens.AsSpan(0, tokens));
    }

    private void WriteLengthTokens(ReadOnlySpan<ushort> tokens)
    {
        Put(LiteralSymbols - 257, 5);
        Put(DistanceSymbols - 1, 5);
        Put(LengthSymbols - 4, 4);
        foreach (var symbol in LengthOrder)
        {
            Put(_lengths.Lengths[symbol], 3);
        }

        foreach (var token in tokens)
        {
            var symbol = token & 0xFF;
            PutSymbol(_lengths, symbol);
            Put((uint)token >> 8, symbol switch { 16 => 2, 17 => 3, 18 => 7, _ => 0 });
        }
    }

    private void WriteChecksum(ReadOnlySpan<byte> input)
    {
        const uint Modulus = 65521;
        const int SafeRun = 5552; // the most bytes before the second sum could pass 32 bits
        uint first = 1;
        uint second = 0;
        while (input.Length > 0)
        {
            var run = input[..Math.Min(SafeRun, input.Length)];
            foreach (var value in run)
            {
                first += value;
                second += first;
            }

            first %= Modulus;
            second %= Modulus;
            input = input[run.Length..];
        }

        BinaryPrimitives.WriteUInt32BigEndian(_output.AsSpan(_length), (second << 16) | first);
        _length += sizeof(uint);
    }

    private void PutSymbol(HuffmanCode code, int symbol) => Put(code.Codes[symbol], code.Lengths[symbol]);

    private void Put(uint value, int count)
    {
        _bits |= (ulong)value << _bitCount;
        _bitCount += count;
        if (_bitCount >= 32)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(_output.AsSpan(_length), (uint)_bits);
            _length += sizeof(uint);
            _bits >>= 32;
            _bitCount -= 32;
        }
    }

    /// <summary>Distances double every two symbols: 1, 2, 3, 4, 5-6, 7-8, 9-12, 13-16...</summary>
    private static int DistanceSymbol(int distance)
    {
        var less = distance - 1;
        if (less < 4)
        {
            return less;
        }

        var top = int.Log2(less);
        return (2 * top) + ((less >> (top - 1)) & 1);
    }

    private static byte[] SymbolOfLength()
    {
        var symbols = new byte[MatchFinder.Longest + 1];
        for (var length = MatchFinder.Shortest; length <= MatchFinder.Longest; length++)
        {
            var symbol = 0;
            while (symbol + 1 < LengthBase.Length && LengthBase[symbol + 1] <= length)
            {
                symbol++;
            }

            symbols[length] = (byte)symbol;
        }

        return symbols;
    }
}
