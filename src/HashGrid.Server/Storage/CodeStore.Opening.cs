using HashGrid.Server.Storage.Files;
using HashGrid.Server.Storage.Journal;
using HashGrid.Server.Storage.Table;

namespace HashGrid.Server.Storage;

public sealed partial class CodeStore
{
    /// <summary>Opens the store in a folder, or creates it there.</summary>
    /// <param name="options">The folder and the sizes.</param>
    /// <param name="model">The model whose codes the store holds; must be the one that it was created with.</param>
    /// <param name="ct">Checked between journal frames.</param>
    /// <exception cref="ArgumentException">The options are wrong; the message names every problem.</exception>
    /// <exception cref="CodeStoreException">Another owner, another model, a newer format, damage, or a folder that can not be written. Nothing on disk was changed by then.</exception>
    /// <remarks>Verifies and replays the whole journal: about a second for a million records.</remarks>
    public static async Task<CodeStore> OpenAsync(CodeStoreOptions options, StoreModel model, CancellationToken ct)
    {
        if (options.Validate() is { Count: > 0 } problems)
            throw new ArgumentException(string.Join("; ", problems), nameof(options));
        StoreFolder folder = StoreFolder.Take(options);
        try
        {
            CodeStore store = await Task.Run(() => Open(options, model, folder, ct), ct);
            if (store.LastSequence == 0)
            {
                long sequence = store.Append(JournalRecordKind.Identity, (store.StoreId, model), static (writer, s) =>
                    Payloads.WriteIdentity(writer, s.StoreId, s.model));
                await store.WaitDurableAsync(sequence, ct);
            }
            return store;
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    private static CodeStore Open(CodeStoreOptions options, StoreModel model, StoreFolder folder, CancellationToken ct)
    {
        (SlotFile superblockFile, Superblock superblock, SlotFile commitFile) = folder.Open(model);
        var segments = new JournalSegments(options.Files, folder.JournalFolder(superblock.Generation), superblock.SegmentBytes);
        CodeTable? table = null;
        try
        {
            JournalTail begin = superblock.Begin;
            JournalTail commit = commitFile.Payload is { } payload ? JournalCommits.Read(payload).Tail : begin;
            long records = Math.Max(commit.Sequence, superblock.Durable.Sequence) - begin.Sequence;
            // The table is there before the log that its failure must stop.
            JournalLog? log = null;
            table = new CodeTable(folder.TableFolder, options, records, e => Volatile.Read(ref log)?.Fail(CodeStoreProblem.ReadOnly, "the code table's disk failed", e));
            var streams = new StreamTable();
            var marks = new JournalMarks(begin);
            DigestTable? digests = options.Duplicates == DuplicateMode.Store ? null : new DigestTable();
            using var loader = new TableLoader(table);
            using var digestLoader = new DigestLoader(digests);
            JournalTail tail = JournalRecovery.Run(
                segments, superblock, commit, begin, frame =>
                {
                    Replay(frame, superblock, loader, streams, digestLoader);
                    marks.Pass(frame);
                }, ct);
            loader.Finish();
            digestLoader.Finish();
            folder.DeleteOtherGenerations(superblock.Generation);
            Volatile.Write(ref log, new JournalLog(options, segments, new JournalCommits(commitFile), superblockFile, superblock, tail));
            if (table.Fault is { } early)
                log.Fail(CodeStoreProblem.ReadOnly, "the code table's disk failed", early);
            return new CodeStore(options, model, folder, superblock, segments, log, table, streams, marks, digests);
        }
        catch
        {
            table?.Dispose();
            segments.Dispose();
            commitFile.Dispose();
            superblockFile.Dispose();
            throw;
        }
    }

    private static void Replay(in Frame frame, Superblock superblock, TableLoader table, StreamTable streams, DigestLoader digests)
    {
        if (PutReader.HoldsPuts(frame))
        {
            var puts = new PutReader(frame, superblock.Model.Words);
            while (puts.MoveNext())
            {
                table.Put(puts.Id, puts.Place);
                StreamEntry? entry = streams.Replay(puts.Stream, puts.Position, puts.Sequence);
                if (puts.DuplicateOf is { } holder)
                    entry?.AddDuplicate(new Duplicate(puts.Position, holder));
                if (digests.Wants && puts.Digest is { } digest)
                    digests.Put(digest, puts.Id, puts.Sequence);
            }
            return;
        }
        uint stream;
        ulong position;
        switch ((JournalRecordKind)frame.Header.Kind)
        {
            case JournalRecordKind.Identity:
                (Guid storeId, StoreModel model) = Payloads.ReadIdentity(frame.Payload);
                if (storeId != superblock.StoreId || model.Fingerprint != superblock.Model.Fingerprint || model.Bits != superblock.Model.Bits)
                    throw new InvalidDataException("the journal belongs to another store than the superblock");
                break;
            case JournalRecordKind.Remove:
                table.Remove(Payloads.ReadRemove(frame.Payload));
                break;
            case JournalRecordKind.Position:
                (stream, position) = Payloads.ReadPosition(frame.Payload);
                streams.Replay(stream, position, frame.Sequence);
                break;
            case JournalRecordKind.Refuse:
                (stream, Refusal refusal) = Payloads.ReadRefuse(frame.Payload);
                streams.Replay(stream, refusal.StreamSequence, frame.Sequence)?.AddRefusal(refusal);
                break;
            default:
                if (frame.Header.Kind != Payloads.StreamName)
                    throw new InvalidDataException($"frame kind {frame.Header.Kind} is unknown to this build");
                (stream, string name) = Payloads.ReadStreamName(frame.Payload);
                streams.Name(stream, name);
                break;
        }
    }
}
