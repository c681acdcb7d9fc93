namespace HashGrid.Server.Storage.Backups;

/// <summary>What a store is about to send.</summary>
/// <param name="Superblock">Payload of the superblock as the finished copy holds it: identity, sizes, and the tail that the copy ends with.</param>
/// <param name="Continues">True: the bytes follow the copy that is there. False: a whole journal, which replaces it.</param>
/// <param name="FromAddress">Journal address of the first byte.</param>
public sealed record BackupOffer(ReadOnlyMemory<byte> Superblock, bool Continues, long FromAddress);
