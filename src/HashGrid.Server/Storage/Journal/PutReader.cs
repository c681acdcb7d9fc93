using System.Buffers.Binary;

namespace HashGrid.Server.Storage.Journal;

/// <summary>Goes over the puts of one verified frame in order, be it a shared frame or one with a single put. Copies nothing that is not asked for.</summary>
/// <remarks>Every step may throw <see cref="InvalidDataException"/> or <see cref="OverflowException"/>: the payload makes no sense.</remarks>
internal ref struct PutReader
{
    private readonly long _address;
    private readonly long _firstSequence;
    private readonly int _count;
    private readonly int _words;
    private readonly bool _shared;
    private FrameReader _reader;
    private FrameReader _texts;
    private ReadOnlySpan<byte> _code;
    private ReadOnlySpan<byte> _digest;

    /// <param name="frame">A frame for which <see cref="HoldsPuts"/>; its bytes must stay as they are.</param>
    /// <param name="words">Words of a code.</param>
    public PutReader(in Frame frame, int words)
    {
        _address = frame.Address;
        _firstSequence = frame.Sequence;
        _words = words;
        _reader = new FrameReader(frame.Payload);
        _shared = frame.Header.Kind == Payloads.Puts;
        _count = _shared ? _reader.Byte() : 1;
        if (_count == 0)
            throw new InvalidDataException("a frame of puts holds none");
        Ordinal = -1;
    }

    /// <summary>Number of the current put in its frame.</summary>
    public int Ordinal { get; private set; }

    public readonly long Sequence => _firstSequence + Ordinal;

    public readonly RecordPlace Place => new(_address, Ordinal);

    public ulong Id { get; private set; }

    /// <summary>The number that stands for the stream; 0 for none.</summary>
    public uint Stream { get; private set; }

    public ulong Position { get; private set; }

    /// <summary>Of the image; null without one.</summary>
    public readonly ContentDigest? Digest => _digest.IsEmpty ? null : new ContentDigest(_digest);

    /// <summary>The id whose content it was linked to; null for none.</summary>
    public ulong? DuplicateOf { get; private set; }

    public static bool HoldsPuts(in Frame frame) => frame.Header.Kind is (byte)JournalRecordKind.Put or Payloads.Puts;

    /// <summary>Takes the next put; false behind the last one, where the payload must end.</summary>
    public bool MoveNext()
    {
        if (Ordinal == _count - 1)
        {
            Payloads.End(_reader);
            return false;
        }
        Ordinal++;
        if (_shared)
            ReadShared();
        else
            ReadSingle();
        return true;
    }

    /// <summary>Goes to a put by its number.</summary>
    public void MoveTo(int ordinal)
    {
        while (Ordinal < ordinal)
        {
            if (!MoveNext())
                throw new InvalidDataException($"the frame holds {_count} records, number {ordinal} is asked for");
        }
    }

    public readonly ulong[] Code()
    {
        var code = new ulong[_words];
        for (int i = 0; i < _words; i++)
            code[i] = BinaryPrimitives.ReadUInt64LittleEndian(_code[(i * 8)..]);
        return code;
    }

    /// <summary>The labels as bits of <see cref="LabelBits"/>.</summary>
    public readonly ulong Labels()
    {
        FrameReader texts = _texts;
        ulong labels = 0;
        for (int left = texts.AtEnd ? 0 : texts.Count(); left > 0; left--)
            labels |= LabelBits.Of(texts.Raw(texts.Count()));
        return labels;
    }

    public readonly CodeRecord Record()
    {
        FrameReader texts = _texts;
        string[] labels = [];
        string name = "";
        if (!texts.AtEnd)
        {
            labels = new string[texts.Count()];
            for (int i = 0; i < labels.Length; i++)
                labels[i] = texts.Text();
            name = texts.Text();
        }
        return new CodeRecord(Id, Code(), labels, name, Sequence) { Digest = Digest, DuplicateOf = DuplicateOf };
    }

    private void ReadSingle()
    {
        Id = _reader.Fixed64();
        ReadStream();
        _code = _reader.Raw(_words * 8);
        ReadTexts();
    }

    private void ReadShared()
    {
        byte flags = _reader.Byte();
        if ((flags & ~SharedFrameWriter.AllFlags) != 0)
            throw new InvalidDataException($"record {Ordinal} of the frame has flags {flags}, which are unknown to this build");
        if ((flags & SharedFrameWriter.LongId) != 0)
        {
            Id = _reader.Fixed64();
        }
        else
        {
            ulong zigzag = _reader.Number();
            Id += zigzag >> 1 ^ (0 - (zigzag & 1));
        }
        if ((flags & SharedFrameWriter.NamesStream) != 0)
            ReadStream();
        else if (Stream != 0)
            Position++;
        _code = _reader.Raw(_words * 8);
        _digest = (flags & SharedFrameWriter.HasDigest) != 0 ? _reader.Raw(ContentDigest.Bytes) : default;
        DuplicateOf = (flags & SharedFrameWriter.IsLinked) != 0 ? _reader.Fixed64() : null;
        if ((flags & SharedFrameWriter.HasTexts) != 0)
            ReadTexts();
        else
            _texts = default;
    }

    private void ReadStream()
    {
        Stream = checked((uint)_reader.Number());
        Position = Stream == 0 ? 0 : _reader.Number();
    }

    // Their bounds are checked here, their content is read when somebody asks.
    private void ReadTexts()
    {
        _texts = _reader;
        for (int left = _reader.Count(); left > 0; left--)
            _reader.Raw(_reader.Count());
        _reader.Raw(_reader.Count());
    }
}
