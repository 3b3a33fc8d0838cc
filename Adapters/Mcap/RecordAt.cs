using Microsoft.Win32.SafeHandles;

namespace Forecast.Adapters.Mcap;

/// <summary>Reads at a place that an index names, after looking whether it can be right.</summary>
internal static class RecordAt
{
    /// <returns>The record's content; null, and why, where no such record lies there.</returns>
    public static byte[]? Read(SafeFileHandle file, McapOpcode opcode, ulong offset, ulong length, int limit, out string? problem)
    {
        var size = (ulong)RandomAccess.GetLength(file);
        if (length < McapFormat.RecordHeadBytes || length - McapFormat.RecordHeadBytes > (ulong)limit || offset > size || length > size - offset)
        {
            problem = $"the index names a {opcode} of {length} bytes, which the file cannot hold or the reader does not take";
            return null;
        }

        var record = new byte[(int)length];
        if (Fill(file, record, (long)offset) < record.Length || (McapOpcode)record[0] != opcode || McapFormat.RecordLength(record) != length - McapFormat.RecordHeadBytes)
        {
            problem = $"the index names a {opcode} that is not there";
            return null;
        }

        problem = null;
        return record[McapFormat.RecordHeadBytes..];
    }

    /// <returns>Bytes read: fewer than asked for only where the file ends or cannot be read any further.</returns>
    public static int Fill(SafeFileHandle file, Span<byte> buffer, long offset)
    {
        var filled = 0;
        while (filled < buffer.Length)
        {
            int read;
            try
            {
                read = RandomAccess.Read(file, buffer[filled..], offset + filled);
            }
            catch (IOException)
            {
                return filled; // the caller names what it lacks, and where
            }

            if (read == 0)
            {
                return filled;
            }

            filled += read;
        }

        return filled;
    }
}
