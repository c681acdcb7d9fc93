namespace HashGrid.Server.Storage.Backups;

/// <summary>How far a copy of a store reaches: enough for the store to tell whether its own journal goes on there.</summary>
/// <param name="StoreId">Whose copy it is.</param>
/// <param name="Generation">Compactions that the copied journal went through.</param>
/// <param name="Sequence">Of the last record in the copy.</param>
/// <param name="Address">Journal address behind it.</param>
/// <param name="Link">Its checksum, which the next record repeats.</param>
public readonly record struct BackupPoint(Guid StoreId, int Generation, long Sequence, long Address, uint Link);
