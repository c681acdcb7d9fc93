namespace HashGrid.Client;

/// <summary>How far a copy of a store reaches.</summary>
/// <param name="StoreId">Whose copy it is (<see cref="StoreStats.StoreId"/>).</param>
/// <param name="Generation">Compactions that the copied journal went through.</param>
/// <param name="Sequence">Of the last record in the copy.</param>
/// <param name="Address">Journal address behind it, in bytes.</param>
/// <param name="Link">Its checksum.</param>
public readonly record struct BackupPosition(string StoreId, int Generation, ulong Sequence, ulong Address, uint Link);
