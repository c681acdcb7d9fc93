using HashGrid.Index;
using HashGrid.Server.Storage.Files;

namespace HashGrid.Server.Storage.Checking;

/// <summary>Proves every byte of a store that matters, or says where it can not; changes nothing.</summary>
public static class StoreCheck
{
    /// <summary>Reads superblock, commit record, the whole journal and the index snapshots.</summary>
    /// <param name="folder">The folder of the store; a running server may own it.</param>
    /// <param name="ct">Checked between records.</param>
    /// <exception cref="CodeStoreException">There is no store, or a newer HashGrid wrote it.</exception>
    /// <exception cref="IOException">The folder can not be read. Files of it that can not are findings.</exception>
    public static StoreCheckReport Run(string folder, CancellationToken ct) => Run(folder, DiskFiles.ReadOnly, ct);

    /// <summary>The same on another disk than the real one: all but the snapshots is read from there.</summary>
    public static StoreCheckReport Run(string folder, IStorageFiles files, CancellationToken ct)
    {
        using StoreReader store = StoreReader.Open(folder, files);
        List<StoreFinding> findings = [];
        var counts = new Dictionary<JournalRecordKind, long>();
        long last = 0, behind = 0, digests = 0;
        foreach (JournalPiece piece in store.Walk(ct))
        {
            if (piece is StoreFinding finding)
            {
                findings.Add(finding);
                continue;
            }
            var entry = (JournalEntry)piece;
            counts[entry.Kind] = counts.GetValueOrDefault(entry.Kind) + 1;
            last = entry.Sequence;
            if (entry.Record?.Digest is not null)
                digests++;
            if (entry.BehindTail)
                behind++;
        }
        findings.AddRange(CheckSnapshots(folder, ct));
        return new StoreCheckReport
        {
            Folder = folder,
            StoreId = store.StoreId,
            Model = store.Model,
            InUse = store.InUse,
            ClosedCleanly = store.ClosedCleanly,
            DurableSequence = store.DurableSequence,
            DurableAddress = store.DurableAddress,
            LastSequence = last,
            BehindTail = behind,
            Counts = counts,
            Digests = digests,
            Findings = findings,
        };
    }

    private static IEnumerable<StoreFinding> CheckSnapshots(string folder, CancellationToken ct)
    {
        string index = Path.Combine(folder, "index");
        if (!Directory.Exists(index))
            yield break;
        foreach (string path in Directory.EnumerateFiles(index, "*.index").Order(StringComparer.Ordinal))
        {
            ct.ThrowIfCancellationRequested();
            if (CheckSnapshot(path) is { } finding)
                yield return finding;
        }
    }

    private static StoreFinding? CheckSnapshot(string path)
    {
        string file = $"index/{Path.GetFileName(path)}";
        try
        {
            using HammingIndex snapshot = HammingIndex.Open(path, new HammingIndexOptions { MergeInBackground = false });
            return null;
        }
        catch (IndexFormatException e)
        {
            return Useless(e.Offset, e.Message);
        }
        catch (FileNotFoundException)
        {
            // A server that runs meanwhile has replaced it.
            return null;
        }
        catch (IOException e)
        {
            return Useless(0, $"the file can not be read: {e.Message}");
        }

        StoreFinding Useless(long offset, string problem) =>
            new(FindingSeverity.Damage, file, offset, $"{problem}; the file is a view of the journal: delete it, nothing is lost");
    }
}
