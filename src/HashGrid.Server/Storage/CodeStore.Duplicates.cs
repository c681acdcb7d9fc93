using HashGrid.Server.Storage.Table;

namespace HashGrid.Server.Storage;

public sealed partial class CodeStore
{
    /// <summary>What is done with an image whose content another id holds.</summary>
    public DuplicateMode Duplicates => _options.Duplicates;

    /// <summary>Images that duplicates are looked for among, and the memory that takes in bytes; both 0 where nobody looks. Images that were replaced may count until somebody asks for them.</summary>
    public (long Images, long MemoryBytes) DigestUse
    {
        get
        {
            lock (_deciding)
                return _digests is null ? (0, 0) : (_digests.Count, _digests.MemoryBytes);
        }
    }

    /// <summary>The oldest record that holds a content, durable or not yet; null if there is none, or nobody looks for duplicates.</summary>
    /// <remarks>A hint, so that no image is encoded twice: only <see cref="Put"/> decides. A content that is not there costs no disk access.</remarks>
    /// <exception cref="CodeStoreException">The record is damaged, or the code table's disk failed.</exception>
    public CodeRecord? FindContent(ContentDigest digest)
    {
        if (_digests is null)
            return null;
        lock (_deciding)
            return FindHolder(digest);
    }

    private CodeRecord? FindHolder(ContentDigest digest) => _digests?.Find(digest, FindLatest);

    /// <summary>Whether a put under an id that is there has nothing to change.</summary>
    private static bool IsThere(CodeRecord old, CodeRecord record, PutMode mode)
    {
        bool sameImage = record.Digest is not null && record.Digest == old.Digest;
        // The same image is the same content, whatever a network's rounding made of it; and a code that comes without its image says
        // nothing against the image that is known.
        return mode == PutMode.Add ? sameImage || old.SameCode(record) : old.SameContent(record) && (sameImage || record.Digest is null);
    }

    private void NoteDigests(CodeRecord record, long sequence, CodeRecord? old)
    {
        if (_digests is null)
            return;
        if (old?.Digest is { } replaced)
            _digests.Forget(replaced, old.Id, old.Sequence);
        if (record.Digest is { } digest)
            _digests.Add(digest, record.Id, sequence);
    }

    /// <summary>In the same step as the decision: what the refusal says is true at its place in the journal.</summary>
    private PutResult RefuseDuplicate(CodeRecord holder, StreamEntry? entry, StreamPosition? stream, Refusal? duplicate)
    {
        if (entry is null)
            return new PutResult(PutOutcome.Duplicate, holder.Sequence) { DuplicateOf = holder.Id };
        ArgumentNullException.ThrowIfNull(duplicate);
        Refusal refusal = duplicate with { StreamSequence = stream!.Value.Sequence, DuplicateOf = holder.Id };
        return new PutResult(PutOutcome.Duplicate, AppendRefusal(entry, refusal)) { DuplicateOf = holder.Id, Refusal = refusal };
    }
}
