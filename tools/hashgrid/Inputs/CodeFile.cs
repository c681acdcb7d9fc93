using System.Runtime.InteropServices;
using HashGrid.Index;

namespace HashGrid.CommandLine.Inputs;

/// <summary>Raw codes: little-endian 64-bit words, ⌈bits / 64⌉ words a code, no header.</summary>
internal static class CodeFile
{
    /// <summary>Opens a file for reading from its beginning to its end.</summary>
    /// <exception cref="CommandException">No such file, no whole number of codes, or no code at all.</exception>
    public static FileStream Open(string path, CodeWidth width)
    {
        if (!File.Exists(path))
            throw new CommandException($"the codes file {path} does not exist");
        long length = new FileInfo(path).Length;
        if (length == 0)
            throw new CommandException($"the codes file {path} is empty; {width.Bits} bits need {width.Bytes} bytes a code");
        if (length % width.Bytes != 0)
            throw new CommandException($"the codes file {path} has {length} bytes, which is no multiple of {width.Bytes} ({width.Bits} bits need {width.Words} words of 8 bytes a code)");
        return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.SequentialScan);
    }

    /// <summary>Reads a whole file: count × width.Words words.</summary>
    /// <exception cref="CommandException">No such file, no whole number of codes, no code at all, or spare bits set.</exception>
    public static ulong[] Read(string path, CodeWidth width)
    {
        using FileStream file = Open(path, width);
        long length = file.Length;
        if (length / sizeof(ulong) > Array.MaxLength)
            throw new CommandException($"the codes file {path} has {length} bytes, but at most {Array.MaxLength * 8L} can be read at once; split it");
        ulong[] words = new ulong[length / sizeof(ulong)];
        file.ReadExactly(MemoryMarshal.AsBytes(words.AsSpan()));
        if (!BitConverter.IsLittleEndian)
            System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(words, words);
        CheckSpareBits(path, words, width);
        return words;
    }

    public static void Write(Stream stream, ReadOnlySpan<ulong> code)
    {
        Span<byte> bytes = stackalloc byte[8];
        foreach (ulong word in code)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(bytes, word);
            stream.Write(bytes);
        }
    }

    private static void CheckSpareBits(string path, ulong[] words, CodeWidth width)
    {
        if (width.Bits % 64 == 0)
            return;
        for (int i = width.Words - 1; i < words.Length; i += width.Words)
            if (words[i] >> (width.Bits % 64) != 0)
                throw new CommandException($"code {i / width.Words} of {path} has bits set above bit {width.Bits - 1} (last word 0x{words[i]:x16}); spare bits must be zero, or --bits is wrong");
    }
}
