namespace HashGrid.Server.Storage;

/// <summary>The end of one frame of one journal: whoever finds it again has the same history up to there, since each frame's checksum covers the one before.</summary>
/// <param name="Generation">Compactions that the journal went through.</param>
/// <param name="Sequence">Of the frame's last record.</param>
/// <param name="Link">Checksum of the frame.</param>
public readonly record struct JournalPoint(int Generation, long Sequence, uint Link);
