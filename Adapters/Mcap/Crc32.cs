using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Forecast.Adapters.Mcap;

/// <summary>
/// CRC-32 as zlib and MCAP have it (polynomial 0x04C11DB7, reflected). With carry-less multiplication where the processor has it: 64 bytes are folded
/// at a time as in Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ", Intel 2009; what is left, and other processors, by
/// eight tables. The .NET 10 base library has none; System.IO.Hashing is a package that not every registry holds.
/// </summary>
public static class Crc32
{
    private const uint ReflectedPolynomial = 0xEDB88320;
    private const int Tables = 8;
    private const int Fold = 64;

    // x^(512+32), x^(512-32), x^(128+32), x^(128-32) modulo the polynomial, reflected and shifted by one, as the paper's section on reflected data says.
    private const ulong By512Low = 0x154442BD4;
    private const ulong By512High = 0x1C6E41596;
    private const ulong By128Low = 0x1751997D0;
    private const ulong By128High = 0x0CCAA009E;

    private static readonly uint[] Table = MakeTables();

    /// <param name="crc">Of what came before; 0 at the beginning.</param>
    /// <returns>The checksum of what came before and <paramref name="bytes"/>.</returns>
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        var state = ~crc;
        if (Pclmulqdq.IsSupported && bytes.Length >= 2 * Fold)
        {
            state = FoldWhole(state, bytes);
            bytes = bytes[(bytes.Length & ~(Fold - 1))..];
        }

        return ~ByTables(state, bytes);
    }

    /// <summary>For processors without the instruction, and for tests.</summary>
    internal static uint AppendByTables(uint crc, ReadOnlySpan<byte> bytes) => ~ByTables(~crc, bytes);

    private static uint ByTables(uint state, ReadOnlySpan<byte> bytes)
    {
        ref var table = ref MemoryMarshal.GetArrayDataReference(Table);
        uint At(int which, uint value, ref uint origin) => Unsafe.Add(ref origin, (which * 256) + (int)(value & 0xFF));
        while (bytes.Length >= 8)
        {
            var low = state ^ BinaryPrimitives.ReadUInt32LittleEndian(bytes);
            var high = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            state = At(7, low, ref table) ^ At(6, low >> 8, ref table) ^ At(5, low >> 16, ref table) ^ At(4, low >> 24, ref table)
                ^ At(3, high, ref table) ^ At(2, high >> 8, ref table) ^ At(1, high >> 16, ref table) ^ At(0, high >> 24, ref table);
            bytes = bytes[8..];
        }

        foreach (var value in bytes)
        {
            state = At(0, state ^ value, ref table) ^ (state >> 8);
        }

        return state;
    }

    /// <summary>The state after all whole 64 bytes of <paramref name="bytes"/>, of which there are at least one.</summary>
    private static uint FoldWhole(uint state, ReadOnlySpan<byte> bytes)
    {
        var blocks = MemoryMarshal.Cast<byte, Vector128<ulong>>(bytes);
        var (a, b, c, d) = (blocks[0] ^ Vector128.CreateScalar((ulong)state), blocks[1], blocks[2], blocks[3]);
        var by512 = Vector128.Create(By512Low, By512High);
        var next = 4;
        for (; next + 4 <= blocks.Length; next += 4)
        {
            a = Step(a, by512) ^ blocks[next];
            b = Step(b, by512) ^ blocks[next + 1];
            c = Step(c, by512) ^ blocks[next + 2];
            d = Step(d, by512) ^ blocks[next + 3];
        }

        var by128 = Vector128.Create(By128Low, By128High);
        var last = Step(Step(Step(a, by128) ^ b, by128) ^ c, by128) ^ d;
        // What is left stands for all that went before: its own remainder is the state.
        Span<byte> folded = stackalloc byte[16];
        last.AsByte().CopyTo(folded);
        return ByTables(0, folded);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Step(Vector128<ulong> value, Vector128<ulong> by) =>
        Pclmulqdq.CarrylessMultiply(value, by, 0x00) ^ Pclmulqdq.CarrylessMultiply(value, by, 0x11);

    private static uint[] MakeTables()
    {
        var tables = new uint[Tables * 256];
        for (var i = 0u; i < 256; i++)
        {
            var value = i;
            for (var bit = 0; bit < 8; bit++)
            {
                value = (value & 1) == 0 ? value >> 1 : (value >> 1) ^ ReflectedPolynomial;
            }

            tables[i] = value;
        }

        for (var i = 256; i < tables.Length; i++)
        {
            tables[i] = tables[tables[i - 256] & 0xFF] ^ (tables[i - 256] >> 8);
        }

        return tables;
    }
}
