using System.Numerics;
using HashGrid.Server.Storage.Files;

namespace HashGrid.Server.Storage;

/// <summary>Where a <see cref="CodeStore"/> lives and how large its parts are.</summary>
public sealed record CodeStoreOptions
{
    // FASTER's bucket holds seven entries in 64 bytes. In a power of two of them, 3.5 to 7 ids each lie on average.
    private const int IdsPerBucket = 7;
    private const int TableRecordBytes = 24;

    /// <summary>Folder of the store; created if absent. One owner at a time.</summary>
    public required string Directory { get; init; }

    /// <summary>Journal page in bytes; a power of two, 64 KiB to 64 MiB. Default 4 MiB. A frame never crosses a page.</summary>
    public int PageBytes { get; init; } = 4 << 20;

    /// <summary>Journal pages kept in memory, 4 to 256; a power of two. Default 4. Half of them may wait for the disk at once.</summary>
    public int PagesInMemory { get; init; } = 4;

    /// <summary>Journal segment (file) in bytes; a power of two, at least one page. Default 256 MiB. Freed as a whole.</summary>
    public long SegmentBytes { get; init; } = 256L << 20;

    /// <summary>Journal space reserved ahead, in bytes, so that a commit does not have to grow the file. Default 16 MiB; 0 reserves nothing.</summary>
    public long ReserveBytes { get; init; } = 16L << 20;

    /// <summary>Memory for the newest part of the code table, in bytes; a power of two, at least 1 MiB. Default 128 MiB; older parts live on disk.</summary>
    public long TableMemoryBytes { get; init; } = 128L << 20;

    /// <summary>Hash buckets of the code table, 64 bytes each; one holds seven ids, and a chain of further ones the rest. 0, the default, sizes it by the journal found, or by TableMemoryBytes (half of it again) if that is more.</summary>
    public long TableBuckets { get; init; }

    /// <summary>Free disk space below which new codes are refused, in bytes. Default 256 MiB; removes and reads go on.</summary>
    public long MinFreeBytes { get; init; } = 256L << 20;

    /// <summary>What is done with an image whose content another id holds. Default <see cref="DuplicateMode.Store"/>; the others keep 25 to 31 bytes of memory for each image.</summary>
    public DuplicateMode Duplicates { get; init; } = DuplicateMode.Store;

    /// <summary>How long one commit may take before the device counts as failed. Default 30 s. Time in which the process was stopped does not count.</summary>
    public TimeSpan CommitTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a durable tail may stay unrecorded in the superblock. Default 250 ms.</summary>
    public TimeSpan SuperblockInterval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Told of each commit before anybody who waits for it; on the journal's thread, so it must be quick and must not throw. Null: nobody.</summary>
    public Action<CommitReport>? Committed { get; init; }

    /// <summary>Clock of the time stamps in the journal, which inform people and order nothing, and of <see cref="CommitTimeout"/>, which does not see it set.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The files beneath; tests put failing ones here.</summary>
    public IStorageFiles Files { get; init; } = DiskFiles.Instance;

    /// <summary>Opened by the salvage that fills it: the mark of an unfinished one is no reason to refuse it.</summary>
    internal bool Salvaging { get; init; }

    /// <summary>Hash buckets of the code table for a journal of so many records, at most 2²⁸; a power of two unless <see cref="TableBuckets"/> says otherwise.</summary>
    /// <remarks>
    /// A table that grows beyond its buckets becomes a table of chains: 10M ids in the buckets of an empty store were stored at a third of the
    /// rate or less. So a new one has room for what its memory holds, which costs half of that memory again.
    /// </remarks>
    public long TableBucketsFor(long records) => TableBuckets > 0
        ? TableBuckets
        : (long)BitOperations.RoundUpToPowerOf2((ulong)Math.Clamp(Math.Max(records, TableMemoryBytes / TableRecordBytes) / IdsPerBucket, 1 << 13, 1L << 28));

    /// <summary>Every problem with these options, one line each; empty if there is none.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> problems = [];
        if (string.IsNullOrWhiteSpace(Directory))
            problems.Add("Directory is empty; name the folder of the store");
        if (!IsPowerOfTwo(PageBytes) || PageBytes < 64 << 10 || PageBytes > 64 << 20)
            problems.Add($"PageBytes is {PageBytes}, but must be a power of two from {64 << 10} to {64 << 20}");
        if (!IsPowerOfTwo(PagesInMemory) || PagesInMemory < 4 || PagesInMemory > 256)
            problems.Add($"PagesInMemory is {PagesInMemory}, but must be a power of two from 4 to 256");
        if (!IsPowerOfTwo(SegmentBytes) || SegmentBytes < PageBytes || SegmentBytes > 1L << 40)
            problems.Add($"SegmentBytes is {SegmentBytes}, but must be a power of two from PageBytes ({PageBytes}) to {1L << 40}");
        if (ReserveBytes < 0)
            problems.Add($"ReserveBytes is {ReserveBytes}, but must not be negative");
        if (!IsPowerOfTwo(TableMemoryBytes) || TableMemoryBytes < 1 << 20)
            problems.Add($"TableMemoryBytes is {TableMemoryBytes}, but must be a power of two of at least {1 << 20}");
        if (TableBuckets != 0 && (!IsPowerOfTwo(TableBuckets) || TableBuckets < 512))
            problems.Add($"TableBuckets is {TableBuckets}, but must be 0 or a power of two of at least 512");
        if (MinFreeBytes < 0)
            problems.Add($"MinFreeBytes is {MinFreeBytes}, but must not be negative");
        if (CommitTimeout <= TimeSpan.Zero)
            problems.Add($"CommitTimeout is {CommitTimeout}, but must be positive");
        if (SuperblockInterval <= TimeSpan.Zero)
            problems.Add($"SuperblockInterval is {SuperblockInterval}, but must be positive");
        return problems;

        static bool IsPowerOfTwo(long value) => value > 0 && (value & (value - 1)) == 0;
    }
}
