namespace HashGrid.Server.Storage.Journal;

/// <summary>Builds frames of many puts: one header, one checksum, and each record written against the one before. One thread at a time.</summary>
/// <remarks>
/// <code>
/// payload:  u8 records, 1 to 255 · records
/// record:   u8 flags · id · [stream] · words · [digest] · [link] · [texts]
/// flags 1:  id is fixed 8; else number: zigzag of id minus the id before, 0 before the first
/// flags 2:  number: stream, 0 for none · if not 0, number: position; else the stream of the record before, none before the
///           first, and its next position
/// flags 4:  number: labels · texts · text: name; else no labels, no name
/// flags 8:  fixed 16: digest of the image; else it came without one         } since format 4
/// flags 16: fixed 8: the id that held the same content; else it is no link  }
/// </code>
/// The other flags are 0. A bare 64-bit code that continues its stream takes 10 to 17 bytes.
/// </remarks>
/// <param name="maxBytes">Longest frame in bytes.</param>
internal sealed class SharedFrameWriter(int maxBytes)
{
    /// <summary>The ordinal of a record takes one byte of the code table's value.</summary>
    public const int MaxRecords = 255;

    /// <summary>A frame that reached this size takes no more: whoever reads one record reads the whole frame. A single long record may exceed it.</summary>
    public const int EnoughBytes = 8 << 10;

    public const byte LongId = 1;
    public const byte NamesStream = 2;
    public const byte HasTexts = 4;
    public const byte HasDigest = 8;
    public const byte IsLinked = 16;
    public const byte AllFlags = LongId | NamesStream | HasTexts | HasDigest | IsLinked;

    private readonly FrameWriter _writer = new(maxBytes);
    private ulong _id;
    private uint _stream;
    private ulong _position;

    /// <summary>Records in the frame so far.</summary>
    public int Count { get; private set; }

    /// <summary>Whether the record fits beside those that are there.</summary>
    public bool HasRoomFor(CodeRecord record) =>
        Count == 0 || (Count < MaxRecords && _writer.Length + LongestOf(record) <= Math.Min(EnoughBytes, maxBytes));

    /// <summary>Adds a record.</summary>
    /// <returns>Its ordinal.</returns>
    /// <exception cref="ArgumentException">The record alone does not fit a frame; the frame is empty as before.</exception>
    public int Add(CodeRecord record, uint stream, ulong position)
    {
        if (Count == 0)
            Begin();
        try
        {
            Write(record, stream, position);
        }
        catch (ArgumentException) when (Count == 0)
        {
            Begin();
            throw;
        }
        (_id, _stream, _position) = (record.Id, stream, position);
        return Count++;
    }

    /// <summary>Completes the frame and begins anew; the memory is valid until the next <see cref="Add"/>.</summary>
    public ReadOnlySpan<byte> End(uint link, long timeMs, long firstSequence, out uint crc)
    {
        _writer.Patch(FrameHeader.Bytes, (byte)Count);
        Count = 0;
        return _writer.End(link, Payloads.Puts, timeMs, firstSequence, out crc);
    }

    private static int LongestOf(CodeRecord record)
    {
        // flags, id, stream, position, number of labels; three bytes of UTF-8 for a UTF-16 unit, behind a length
        int bytes = 1 + 8 + 5 + 10 + 2 + 8 * record.Code.Length + 5 + 3 * record.Name.Length;
        if (record.Digest is not null)
            bytes += ContentDigest.Bytes + 8;
        foreach (string label in record.Labels)
            bytes += 5 + 3 * label.Length;
        return bytes;
    }

    private void Begin()
    {
        _writer.Begin();
        _writer.Byte(0); // the number of records, known at the end
        (Count, _id, _stream, _position) = (0, 0, 0, 0);
    }

    private void Write(CodeRecord record, uint stream, ulong position)
    {
        long difference = (long)(record.Id - _id);
        ulong zigzag = (ulong)(difference << 1 ^ difference >> 63);
        bool longId = zigzag >> 56 != 0;
        bool sameStream = stream == _stream && (stream == 0 || position == _position + 1);
        bool texts = record.Labels.Length > 0 || record.Name.Length > 0;
        _writer.Byte((byte)((longId ? LongId : 0) | (sameStream ? 0 : NamesStream) | (texts ? HasTexts : 0)
            | (record.Digest is null ? 0 : HasDigest) | (record.DuplicateOf is null ? 0 : IsLinked)));
        if (longId)
            _writer.Fixed64(record.Id);
        else
            _writer.Number(zigzag);
        if (!sameStream)
            Payloads.WriteStream(_writer, stream, position);
        _writer.Words(record.Code);
        if (record.Digest is { } digest)
            digest.CopyTo(_writer.Take(ContentDigest.Bytes));
        if (record.DuplicateOf is { } holder)
            _writer.Fixed64(holder);
        if (texts)
            Payloads.WriteTexts(_writer, record);
    }
}
