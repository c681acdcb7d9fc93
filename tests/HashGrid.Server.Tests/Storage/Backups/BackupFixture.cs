using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Backups;
using HashGrid.Server.Storage.Checking;
using HashGrid.Server.Storage.Compacting;
using HashGrid.Server.Storage.Files;

namespace HashGrid.Server.Tests.Storage.Backups;

/// <summary>Stores of small pages, and copies of them.</summary>
public abstract class BackupFixture : StoreFixture
{
    /// <summary>Small pages and segments, so that a few hundred records fill several.</summary>
    protected CodeStoreOptions Small(string name, IStorageFiles? files = null)
    {
        CodeStoreOptions options = Options(Sub(name)) with { PageBytes = 64 << 10, SegmentBytes = 128 << 10, TableBuckets = 512 };
        return files is null ? options : options with { Files = files };
    }

    protected Task<CodeStore> OpenSmallAsync(string name, IStorageFiles? files = null) =>
        CodeStore.OpenAsync(Small(name, files), Model, CancellationToken.None).WaitAsync(Limit);

    protected Task<BackupReport> BackupAsync(string source = "store", string target = "backup", IStorageFiles? files = null) =>
        StoreBackup.RunAsync(Sub(source), Small(target, files), null, CancellationToken.None).WaitAsync(Limit);

    protected Task<BackupReport> RestoreAsync(string backup, string target, IStorageFiles? files = null) =>
        StoreBackup.RestoreAsync(Sub(backup), Small(target, files), null, CancellationToken.None).WaitAsync(Limit);

    protected Task CompactAsync(string name) => StoreCompaction.RunAsync(Small(name), CancellationToken.None).WaitAsync(Limit);

    /// <summary>Puts the ids from a first to a last one, codes seven times the id, names of many lengths.</summary>
    protected async Task WriteAsync(string name, ulong first, ulong last, ulong factor = 7)
    {
        await using CodeStore store = await OpenSmallAsync(name);
        await PutAsync(store, first, last, factor);
    }

    protected static Task PutAsync(CodeStore store, ulong first, ulong last, ulong factor = 7)
    {
        for (ulong id = first; id <= last; id++)
            store.Put(new CodeRecord(id, [id * factor], ["Mass"], new string('n', (int)(id * 37 % 900)), 0), PutMode.Upsert, null);
        return DurableAsync(store, store.LastSequence);
    }

    /// <summary>Asserts that a folder is a whole store that holds exactly the ids from 1 to a last one.</summary>
    protected async Task AssertHoldsAsync(string name, ulong last, ulong factor = 7)
    {
        Assert.That(StoreCheck.Run(Sub(name), CancellationToken.None).Findings, Is.Empty, name);
        await using CodeStore store = await OpenSmallAsync(name);
        Assert.That(store.Count, Is.EqualTo((long)last), name);
        for (ulong id = 1; id <= last; id++)
            Assert.That(store.TryGet(id, out CodeRecord? record) ? (record.Code[0], record.Name.Length) : default, Is.EqualTo((id * factor, (int)(id * 37 % 900))), $"{name}, id {id}");
    }

    /// <summary>The journal of a folder up to its last byte that is not zero.</summary>
    protected byte[] Journal(string name, string journal = "journal")
    {
        using var all = new MemoryStream();
        string folder = Path.Combine(Sub(name), journal);
        for (int segment = 0; File.Exists(Path.Combine(folder, $"segment.{segment}")); segment++)
        {
            all.Position = segment * (128L << 10);
            all.Write(File.ReadAllBytes(Path.Combine(folder, $"segment.{segment}")));
        }
        byte[] bytes = all.ToArray();
        return bytes[..(bytes.AsSpan().LastIndexOfAnyExcept((byte)0) + 1)];
    }

    /// <summary>Sends the first bytes of what a store offers, and breaks off.</summary>
    protected async Task InterruptAsync(CodeStore source, string target, int afterBytes)
    {
        using BackupFolder folder = BackupFolder.Open(Small(target), mustBeNew: false, CancellationToken.None);
        using BackupReader reader = source.OpenBackup(folder.Have);
        Assert.That(reader.LeftBytes, Is.GreaterThan(afterBytes));
        Task<BackupReport> receiving = folder.ReceiveAsync(
            reader.Offer,
            async (writer, ct) =>
            {
                byte[] some = new byte[afterBytes];
                Assert.That(reader.Read(some), Is.EqualTo(afterBytes));
                await writer.WriteAsync(some, ct);
                // Only what the other side has taken is on its disk when this breaks off.
                await Task.Delay(50, ct);
                throw new IOException("the cable was pulled");
            },
            null,
            CancellationToken.None);
        Assert.That((await Assert.ThrowsAsync<IOException>(() => receiving.WaitAsync(Limit)))!.Message, Does.Contain("cable"));
    }
}
