using HashGrid.Server.Storage.Journal;
using HashGrid.Server.Storage.Table;

namespace HashGrid.Server.Storage.Compacting;

/// <summary>Which frames of a journal still count: the latest put of each id that is stored, all names of streams, what each stream took last and its newest refusals.</summary>
/// <remarks>Each frame that stays stands for exactly one old frame, so that no more sequences are needed than there were. One thread.</remarks>
internal sealed class JournalCensus
{
    private readonly Dictionary<uint, StreamNotes> _streams = [];
    private long _names;

    /// <summary>First pass: notes a frame.</summary>
    public void Note(in Frame frame, TableLoader table)
    {
        switch ((JournalRecordKind)frame.Header.Kind)
        {
            case JournalRecordKind.Identity:
                break;
            case JournalRecordKind.Put:
                ulong id = Payloads.ReadPutHead(frame.Payload, out uint stream, out _);
                table.Put(id, frame.Address);
                if (stream != 0)
                    Of(stream).Took(frame.Sequence, id, frame.Address);
                break;
            case JournalRecordKind.Remove:
                table.Remove(Payloads.ReadRemove(frame.Payload));
                break;
            case JournalRecordKind.Position:
                (stream, _) = Payloads.ReadPosition(frame.Payload);
                Of(stream).Took(frame.Sequence, id: null, frame.Address);
                break;
            case JournalRecordKind.Refuse:
                (stream, _) = Payloads.ReadRefuse(frame.Payload);
                Of(stream).Refused(frame.Sequence, frame.Address);
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

    /// <summary>After the first pass: how many frames stay.</summary>
    public long Settle(CodeTable table)
    {
        const int identity = 1;
        long stay = identity + _names + table.Count;
        foreach (StreamNotes stream in _streams.Values)
        {
            stay += stream.Refusals.Count;
            bool carried = stream.LastIsRefusal || (stream.LastId is { } id && table.Find(id) == stream.LastAddress);
            if (stream.LastSequence != 0 && !carried)
                stay++;
        }
        return stay;
    }

    /// <summary>Second pass: copies what a frame still says, or nothing.</summary>
    public void Copy(in Frame frame, CodeTable table, JournalWriter target)
    {
        switch ((JournalRecordKind)frame.Header.Kind)
        {
            case JournalRecordKind.Put:
                ulong id = Payloads.ReadPutHead(frame.Payload, out uint stream, out ulong position);
                if (table.Find(id) == frame.Address)
                    target.Append(frame);
                else if (stream != 0 && Of(stream).LastSequence == frame.Sequence)
                    target.AppendPosition(frame.Header.TimeMs, stream, position);
                break;
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

        /// <summary>The frame that took the stream's last position; 0 for none.</summary>
        public long LastSequence { get; private set; }

        public long LastAddress { get; private set; }

        /// <summary>The id that it put, if it did.</summary>
        public ulong? LastId { get; private set; }

        public bool LastIsRefusal { get; private set; }

        public void Took(long sequence, ulong? id, long address) =>
            (LastSequence, LastAddress, LastId, LastIsRefusal) = (sequence, address, id, false);

        public void Refused(long sequence, long address)
        {
            Took(sequence, id: null, address);
            LastIsRefusal = true;
            Refusals.Enqueue(sequence);
            if (Refusals.Count > StreamState.MaxRefusals)
                Refusals.Dequeue();
        }
    }
}
