namespace HashGrid.Server.Storage.Backups;

/// <summary>What a backup or a restore did.</summary>
/// <param name="StoreId">The store's identity, which the copy shares.</param>
/// <param name="Continued">Whether it went on from what was there.</param>
/// <param name="LastSequence">The last record of the copy; every one before it is there, too.</param>
/// <param name="CopiedBytes">Journal bytes that were written now.</param>
/// <param name="JournalBytes">Journal bytes of the whole copy.</param>
public sealed record BackupReport(Guid StoreId, bool Continued, long LastSequence, long CopiedBytes, long JournalBytes);
