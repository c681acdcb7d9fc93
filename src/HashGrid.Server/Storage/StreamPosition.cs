namespace HashGrid.Server.Storage;

/// <summary>One item of one ingest stream.</summary>
/// <param name="StreamId">1 to 128 characters, chosen by the client.</param>
/// <param name="Sequence">From 1, growing by 1 with each item of the stream.</param>
public readonly record struct StreamPosition(string StreamId, ulong Sequence);
