namespace HashGrid.Server.Storage;

/// <summary>One durable, verified journal frame, as far as a follower needs it.</summary>
/// <param name="Sequence">Dense: each record has its predecessor's plus 1.</param>
/// <param name="Kind">What happened.</param>
/// <param name="Id">The id put or removed; 0 for the other kinds.</param>
/// <param name="Code">The code put; empty for the other kinds.</param>
/// <param name="Labels">The labels put, as bits of <see cref="LabelBits"/>; 0 for the other kinds.</param>
public readonly record struct JournalRecord(long Sequence, JournalRecordKind Kind, ulong Id, ReadOnlyMemory<ulong> Code, ulong Labels);
