namespace HashGrid.Server.Storage.Checking;

/// <summary>What <see cref="StoreCheck"/> found.</summary>
public sealed record StoreCheckReport
{
    public required string Folder { get; init; }

    /// <summary>Empty if neither superblock nor identity record can be read.</summary>
    public required Guid StoreId { get; init; }

    /// <summary>Null if neither superblock nor identity record can be read.</summary>
    public required StoreModel? Model { get; init; }

    /// <summary>A server owned the store while it was read.</summary>
    public required bool InUse { get; init; }

    public required bool ClosedCleanly { get; init; }

    /// <summary>The last sequence that superblock or commit record call durable.</summary>
    public required long DurableSequence { get; init; }

    /// <summary>The journal address behind it.</summary>
    public required long DurableAddress { get; init; }

    /// <summary>The last record that verifies.</summary>
    public required long LastSequence { get; init; }

    /// <summary>Records that verify behind the recorded tail: written, perhaps acknowledged, and kept by the next start.</summary>
    public required long BehindTail { get; init; }

    /// <summary>Records that verify, by kind.</summary>
    public required IReadOnlyDictionary<JournalRecordKind, long> Counts { get; init; }

    /// <summary>Put records with the digest of an image.</summary>
    public required long Digests { get; init; }

    /// <summary>In the order in which they were met.</summary>
    public required IReadOnlyList<StoreFinding> Findings { get; init; }

    /// <summary>Whether everything that was durable is what was written.</summary>
    public bool Clean => Findings.All(finding => finding.Severity != FindingSeverity.Damage);

    /// <summary>Records that verify.</summary>
    public long Records => Counts.Values.Sum();

    /// <summary>Journal sequences that can not be read.</summary>
    public long Lost => Findings.Sum(finding => finding.Lost);
}
