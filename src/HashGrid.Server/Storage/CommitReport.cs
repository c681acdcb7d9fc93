namespace HashGrid.Server.Storage;

/// <summary>One commit of the journal, as it was measured.</summary>
/// <param name="Sequence">Everything up to here is durable.</param>
/// <param name="Changes">Sequences that it made durable.</param>
/// <param name="Stamp">When that was known, as a time stamp of <see cref="System.Diagnostics.Stopwatch"/>.</param>
/// <param name="Waited">From the append of the first of them until it was durable: the longest wait in the group.</param>
/// <param name="Took">From the start of the commit until the disk had it.</param>
public readonly record struct CommitReport(long Sequence, long Changes, long Stamp, TimeSpan Waited, TimeSpan Took);
