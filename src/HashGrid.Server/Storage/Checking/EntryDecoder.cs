using HashGrid.Server.Storage.Journal;

namespace HashGrid.Server.Storage.Checking;

/// <summary>Turns frames into entries; remembers which number stands for which stream, and the width that the identity record names.</summary>
internal sealed class EntryDecoder(StoreModel? model)
{
    private readonly Dictionary<uint, string> _streams = [];

    public StoreModel? Model { get; private set; } = model;

    public Guid StoreId { get; private set; }

    /// <summary>The records of a frame in order.</summary>
    /// <exception cref="InvalidDataException">The payload makes no sense.</exception>
    /// <exception cref="OverflowException">The payload makes no sense.</exception>
    public IReadOnlyList<JournalEntry> Decode(in Frame frame, bool behindTail)
    {
        if (!PutReader.HoldsPuts(frame))
            return [DecodeOne(frame, behindTail)];
        int words = Model?.Words ?? throw new InvalidDataException("neither superblock nor identity record tells the width of a code");
        var entries = new List<JournalEntry>(frame.Count);
        var puts = new PutReader(frame, words);
        while (puts.MoveNext())
        {
            entries.Add(Begin(frame, behindTail) with
            {
                Sequence = puts.Sequence,
                Ordinal = puts.Ordinal,
                Kind = JournalRecordKind.Put,
                Record = puts.Record(),
                Id = puts.Id,
                StreamNumber = puts.Stream,
                Stream = NameOf(puts.Stream),
                Position = puts.Position,
            });
        }
        return entries;
    }

    private static JournalEntry Begin(in Frame frame, bool behindTail) => new()
    {
        Sequence = frame.Sequence,
        Address = frame.Address,
        Time = DateTimeOffset.FromUnixTimeMilliseconds(Math.Min(frame.Header.TimeMs, DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())),
        Kind = frame.Header.Kind == Payloads.StreamName ? JournalRecordKind.Position : (JournalRecordKind)frame.Header.Kind,
        BehindTail = behindTail,
    };

    private JournalEntry DecodeOne(in Frame frame, bool behindTail)
    {
        JournalEntry entry = Begin(frame, behindTail);
        uint stream;
        ulong position;
        switch ((JournalRecordKind)frame.Header.Kind)
        {
            case JournalRecordKind.Identity:
                (Guid storeId, StoreModel own) = Payloads.ReadIdentity(frame.Payload);
                if (Model is { } expected && (expected.Bits != own.Bits || expected.Fingerprint != own.Fingerprint))
                    throw new InvalidDataException($"the identity record names model '{own.Name}' with {own.Bits} bits, the superblock '{expected.Name}' with {expected.Bits}");
                (Model, StoreId) = (own, storeId);
                return entry with { Model = own, StoreId = storeId };
            case JournalRecordKind.Remove:
                return entry with { Id = Payloads.ReadRemove(frame.Payload) };
            case JournalRecordKind.Position:
                (stream, position) = Payloads.ReadPosition(frame.Payload);
                return entry with { StreamNumber = stream, Stream = NameOf(stream), Position = position };
            case JournalRecordKind.Refuse:
                (stream, Refusal refusal) = Payloads.ReadRefuse(frame.Payload);
                return entry with { StreamNumber = stream, Stream = NameOf(stream), Position = refusal.StreamSequence, Refusal = refusal };
            default:
                if (frame.Header.Kind != Payloads.StreamName)
                    throw new InvalidDataException($"record kind {frame.Header.Kind} is unknown to this build");
                (stream, string name) = Payloads.ReadStreamName(frame.Payload);
                _streams[stream] = name;
                return entry with { StreamNumber = stream, Stream = name, NamesStream = true };
        }
    }

    private string? NameOf(uint stream) => _streams.GetValueOrDefault(stream);
}
