using HashGrid.Server.Storage.Journal;
using HashGrid.Server.Storage.Table;

namespace HashGrid.Server.Storage.Compacting;

/// <summary>Which frames of a journal still count: the latest put of each id that is stored, all names of streams, what each stream took last and its newest refusals.</summary>
/// <remarks>Each record that stays stands for exactly one old record, so that no more sequences are needed than there were. One thread.</remarks>
/// <param name="words">Words of a code.</param>
internal sealed class JournalCensus(int words)
{
    private readonly Dictionary<uint, StreamNotes> _streams = [];
    private long _names;

    /// <summary>First pass: notes a frame.</summary>
    public void Note(in Frame frame, TableLoader table)
    {
        if (PutReader.HoldsPuts(frame))
        {
            var puts = new PutReader(frame, words);
            while (puts.MoveNext())
            {
                table.Put(puts.Id, puts.Place);
                if (puts.Stream != 0)
                    Of(puts.Stream).Took(puts.Sequence, puts.Id, puts.Place);
            }
            return;
        }
        uint stream;
        switch ((JournalRecordKind)frame.Header.Kind)
        {
            case JournalRecordKind.Identity:
                break;
            case JournalRecordKind.Remove:
                table.Remove(Payloads.ReadRemove(frame.Payload));
                break;
            case JournalRecordKind.Position:
                (stream, _) = Payloads.ReadPosition(frame.Payload);
                Of(stream).Took(frame.Sequence, id: null, default);
                break;
            case JournalRecordKind.Refuse:
                (stream, _) = Payloads.ReadRefuse(frame.Payload);
                Of(stream).Refused(frame.Sequence);
                break;
            default:
                if (frame.Header.Kind != Payloads.StreamName)
                    throw new InvalidDataException($"frame kind {frame.Header.Kind} is unknown to this build");
                (stream, _) = Payloads.ReadStreamName(frame.Payload);
                _streams.Add(stream, new StreamNotes());
                _names++;
                break;
        }
    }

    /// <summary>After the first pass: how many records stay.</summary>
    public long Settle(CodeTable table)
    {
        const int identity = 1;
        long stay = identity + _names + table.Count;
        foreach (StreamNotes stream in _streams.Values)
        {
            stay += stream.Refusals.Count;
            bool carried = stream.LastIsRefusal || (stream.LastId is { } id && table.Find(id) == stream.LastPlace);
            if (stream.LastSequence != 0 && !carried)
                stay++;
        }
        return stay;
    }

    /// <summary>Second pass: copies what a frame still says, or nothing.</summary>
    public void Copy(in Frame frame, CodeTable table, JournalWriter target)
    {
        if (PutReader.HoldsPuts(frame))
        {
            var puts = new PutReader(frame, words);
            while (puts.MoveNext())
            {
                if (table.Find(puts.Id) == puts.Place)
                    target.AppendPut(frame.Header.TimeMs, puts.Record(), puts.Stream, puts.Position);
                else if (puts.Stream != 0 && Of(puts.Stream).LastSequence == puts.Sequence)
                    target.AppendPosition(frame.Header.TimeMs, puts.Stream, puts.Position);
            }
            return;
        }
        uint stream;
        switch ((JournalRecordKind)frame.Header.Kind)
        {
            case JournalRecordKind.Remove:
                break;
            case JournalRecordKind.Position:
                (stream, _) = Payloads.ReadPosition(frame.Payload);
                if (Of(stream).LastSequence == frame.Sequence)
                    target.Append(frame);
                break;
            case JournalRecordKind.Refuse:
                (stream, _) = Payloads.ReadRefuse(frame.Payload);
                if (Of(stream).Refusals.Contains(frame.Sequence))
                    target.Append(frame);
                break;
            default:
                target.Append(frame);
                break;
        }
    }

    private StreamNotes Of(uint stream) =>
        _streams.TryGetValue(stream, out StreamNotes? notes) ? notes : throw new InvalidDataException($"stream number {stream} was never named");

    private sealed class StreamNotes
    {
        public Queue<long> Refusals { get; } = new();

        /// <summary>The record that took the stream's last position; 0 for none.</summary>
        public long LastSequence { get; private set; }

        public RecordPlace LastPlace { get; private set; }

        /// <summary>The id that it put, if it did.</summary>
        public ulong? LastId { get; private set; }

        public bool LastIsRefusal { get; private set; }

        public void Took(long sequence, ulong? id, RecordPlace place) =>
            (LastSequence, LastPlace, LastId, LastIsRefusal) = (sequence, place, id, false);

        public void Refused(long sequence)
        {
            Took(sequence, id: null, default);
            LastIsRefusal = true;
            Refusals.Enqueue(sequence);
            if (Refusals.Count > StreamState.MaxRefusals)
                Refusals.Dequeue();
        }
    }
}
