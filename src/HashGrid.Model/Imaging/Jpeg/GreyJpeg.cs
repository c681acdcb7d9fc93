using System.Buffers.Binary;

namespace HashGrid.Model.Imaging.Jpeg;

/// <summary>Decodes what scanners, archives and converters of grey pictures write: one channel of 8 bits, one scan of Huffman codes, upright, without a profile.</summary>
/// <remarks>
/// A fifth of libvips's time on a 512-pixel file, since nothing is set up, queued or copied. Blocks are decoded at ½, ¼ or ⅛ of their size where
/// twice the target is left, and the rest is Lanczos, both as in libvips: whole blocks give its pixels to the last bit, reduced ones within two grey levels.
/// Managed code, lengths checked: a hostile file meets no pointer. Source: ITU-T T.81.
/// </remarks>
internal sealed class GreyJpeg
{
    // Place in the block of the i-th coefficient of the file, and how many frequencies a block needs that ends with it.
    private static readonly byte[] ZigZag =
    [
        0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
        35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
    ];

    private static readonly byte[] Extents = MakeExtents();

    [ThreadStatic]
    private static GreyJpeg? _ofThread;

    private readonly HuffmanTable[] _dc = [new(), new(), new(), new()], _ac = [new(), new(), new(), new()];
    private readonly int[][] _quantisers = [new int[64], new int[64], new int[64], new int[64]];   // in the file's order
    private readonly int[] _block = new int[64];
    private int _tables;   // bits 0-3: DC, 4-7: AC, 8-11: quantisers that the file has defined
    private int _width, _height, _quantiser, _restart;

    /// <summary>Decodes a file to a square of the given side, 0 black to 1 white.</summary>
    public static JpegOutcome TryDecode(ReadOnlySpan<byte> file, int size, Span<float> destination) => (_ofThread ??= new GreyJpeg()).Decode(file, size, destination);

    private JpegOutcome Decode(ReadOnlySpan<byte> file, int size, Span<float> destination)
    {
        (_tables, _width, _height, _restart) = (0, 0, 0, 0);
        for (int at = 2; at + 4 <= file.Length;)
        {
            if (file[at] != 0xff) return JpegOutcome.AnotherKind;
            byte marker = file[at + 1];
            if (marker == 0xff)
            {
                at++;
                continue;
            }
            int length = BinaryPrimitives.ReadUInt16BigEndian(file[(at + 2)..]);
            if (length < 2 || at + 2 + length > file.Length) return JpegOutcome.AnotherKind;
            ReadOnlySpan<byte> segment = file.Slice(at + 4, length - 2);
            at += 2 + length;
            if (marker == 0xda) return _width == 0 ? JpegOutcome.AnotherKind : ReadScan(segment, file[at..], size, destination);
            if (!(marker switch
            {
                0xc0 or 0xc1 => ReadFrame(segment),
                0xc4 => ReadHuffman(segment),
                0xdb => ReadQuantisers(segment),
                0xdd => ReadRestart(segment),
                0xe1 => !segment.StartsWith("Exif"u8) || ExifOrientation.Read(segment) == ExifOrientation.Upright,
                0xe2 => !segment.StartsWith("ICC_PROFILE"u8),
                0xfe or (>= 0xe0 and <= 0xef) => true,
                _ => false,
            })) return JpegOutcome.AnotherKind;
        }
        return JpegOutcome.AnotherKind;
    }

    private bool ReadFrame(ReadOnlySpan<byte> segment)
    {
        if (_width != 0 || segment.Length != 9 || segment[0] != 8 || segment[5] != 1 || segment[8] > 3) return false;
        (_height, _width, _quantiser) = (BinaryPrimitives.ReadUInt16BigEndian(segment[1..]), BinaryPrimitives.ReadUInt16BigEndian(segment[3..]), segment[8]);
        return _width > 0 && _height > 0;
    }

    private bool ReadHuffman(ReadOnlySpan<byte> segment)
    {
        while (segment.Length >= 17)
        {
            int kind = segment[0] >> 4, number = segment[0] & 15, symbols = 0;
            foreach (byte count in segment[1..17]) symbols += count;
            if (kind > 1 || number > 3 || symbols > 256 || segment.Length < 17 + symbols) return false;
            if (!(kind == 0 ? _dc : _ac)[number].TrySet(segment[1..17], segment.Slice(17, symbols))) return false;
            _tables |= 1 << ((4 * kind) + number);
            segment = segment[(17 + symbols)..];
        }
        return segment.IsEmpty;
    }

    private bool ReadQuantisers(ReadOnlySpan<byte> segment)
    {
        while (!segment.IsEmpty)
        {
            int bytes = (segment[0] >> 4) + 1, number = segment[0] & 15;
            if (bytes > 2 || number > 3 || segment.Length < 1 + (64 * bytes)) return false;
            for (int i = 0; i < 64; i++)
                _quantisers[number][i] = bytes == 1 ? segment[1 + i] : BinaryPrimitives.ReadUInt16BigEndian(segment[(1 + (2 * i))..]);
            _tables |= 1 << (8 + number);
            segment = segment[(1 + (64 * bytes))..];
        }
        return true;
    }

    private bool ReadRestart(ReadOnlySpan<byte> segment)
    {
        if (segment.Length != 2) return false;
        _restart = BinaryPrimitives.ReadUInt16BigEndian(segment);
        return true;
    }

    private JpegOutcome ReadScan(ReadOnlySpan<byte> header, ReadOnlySpan<byte> rest, int size, Span<float> destination)
    {
        if (header.Length != 6 || header[0] != 1) return JpegOutcome.AnotherKind;
        int dc = header[2] >> 4, ac = header[2] & 15;
        if (dc > 3 || ac > 3 || (_tables >> dc & 1) == 0 || (_tables >> (4 + ac) & 1) == 0 || (_tables >> (8 + _quantiser) & 1) == 0) return JpegOutcome.AnotherKind;
        // Half of the reduction at least is left to Lanczos, so that the blocks' plain means do not show.
        double reduction = Math.Min(_width, _height) / (double)size;
        int shrink = reduction >= 16 ? 8 : reduction >= 8 ? 4 : reduction >= 4 ? 2 : 1;
        int columns = _width / shrink, rows = _height / shrink;
        if (!LanczosShrink.Takes(columns, rows, size)) return JpegOutcome.AnotherKind;

        using EntropyCodedData data = EntropyCodedData.Read(rest);
        // No marker at all: the file is cut off. Another than the end: more scans, or a height that comes last.
        if (data.Marker == 0) return JpegOutcome.Damaged;
        if (data.Marker != 0xd9 || !data.IsInOrder || (data.Pieces > 1 && _restart == 0)) return JpegOutcome.AnotherKind;
        InverseDct transform = InverseDct.Of(shrink);
        using GreyPlane plane = GreyPlane.Rent(columns, rows, (_width + 7) / 8 * transform.Pixels, (_height + 7) / 8 * transform.Pixels);
        if (!DecodeBlocks(data, _dc[dc], _ac[ac], transform, plane)) return JpegOutcome.Damaged;
        LanczosShrink.Run(plane, size, destination);
        return JpegOutcome.Decoded;
    }

    private bool DecodeBlocks(EntropyCodedData data, HuffmanTable dcTable, HuffmanTable acTable, InverseDct transform, GreyPlane plane)
    {
        int across = (_width + 7) / 8, blocks = across * ((_height + 7) / 8), perPiece = _restart == 0 ? blocks : _restart;
        if (data.Pieces != (blocks + perPiece - 1) / perPiece) return false;
        int[] quantisers = _quantisers[_quantiser], block = _block;
        EntropyReader reader = default;
        int dc = 0;
        for (int number = 0, x = 0, y = 0; number < blocks; number++)
        {
            if (number % perPiece == 0) (reader, dc) = (data.Open(number / perPiece), 0);
            Array.Clear(block);
            reader.Fill();
            int bits = dcTable.Find(reader.Window, out int length);
            if (length == 0 || bits > 15) return false;
            dc += HuffmanTable.Value(reader.Window << length, bits);
            reader.Skip(length + bits);
            block[0] = dc * quantisers[0];
            int last = 0;
            for (int i = 1; i < 64; i++)
            {
                reader.Fill();
                int whole = acTable.FindWhole(reader.Window);
                if (whole != 0)
                {
                    i += (whole >> 8) & 15;
                    if (i > 63) return false;
                    block[ZigZag[i]] = (whole >> 16) * quantisers[i];
                    reader.Skip(whole & 0xff);
                    last = i;
                    continue;
                }
                int symbol = acTable.Find(reader.Window, out length);
                if (length == 0) return false;
                bits = symbol & 15;
                if (bits > 0)
                {
                    i += symbol >> 4;
                    if (i > 63) return false;
                    block[ZigZag[i]] = HuffmanTable.Value(reader.Window << length, bits) * quantisers[i];
                    last = i;
                }
                reader.Skip(length + bits);
                if (bits > 0) continue;
                if (symbol != 0xf0) break;   // the end of the block
                i += 15;
            }
            if (reader.IsPastEnd) return false;
            transform.Transform(block, Extents[last], plane.From(x * transform.Pixels, y * transform.Pixels), plane.Stride);
            if (++x == across) (x, y) = (0, y + 1);
        }
        return true;
    }

    private static byte[] MakeExtents()
    {
        byte[] extents = new byte[64];
        int most = 0;
        for (int i = 0; i < 64; i++)
        {
            most = Math.Max(most, Math.Max(ZigZag[i] / 8, ZigZag[i] % 8));
            extents[i] = (byte)(most + 1);
        }
        return extents;
    }
}
