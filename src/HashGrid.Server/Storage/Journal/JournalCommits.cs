using System.Globalization;
using FASTER.core;
using HashGrid.Server.Storage.Files;

namespace HashGrid.Server.Storage.Journal;

/// <summary>
/// Commit metadata of FasterLog, in the preallocated file <c>commits</c> (<see cref="SlotFile"/>).
/// </summary>
/// <remarks>
/// FASTER's own manager reports a failed metadata write as success, and recovers an empty log when its files are gone. Here a
/// failure stops the store before anything is acknowledged, and the log is restored to the tail that <see cref="JournalRecovery"/>
/// proved frame by frame, never to what a file merely claims.
/// Payload: fixed 8: begin address · fixed 8: sequence · fixed 8: address · fixed 8: link.
/// Written, not synced, at each commit: the frames prove themselves, so one sync a commit (the journal's own) is enough. After
/// <c>kill -9</c> the page cache still holds the exact tail; after a power cut the superblock names one, and the frames behind it are found by scan.
/// </remarks>
internal sealed class JournalCommits : ILogCommitManager
{
    public const uint Magic = 0x4D434748; // "HGCM"
    public const string FileName = "commits";

    /// <summary>File of a generation's commit record.</summary>
    public static string NameOf(int generation) => generation == 0 ? FileName : string.Create(CultureInfo.InvariantCulture, $"{FileName}.{generation}");

    private readonly SlotFile _slots;
    private readonly FrameWriter _writer = new(256);
    private FasterLogRecoveryInfo? _recovered;

    public JournalCommits(SlotFile slots)
    {
        _slots = slots;
    }

    /// <summary>Called when the device holds everything below the address. Must not throw: FASTER would lose the exception and wait for ever.</summary>
    public Action<long>? Committed { get; set; }

    public static (long Begin, JournalTail Tail) Read(ReadOnlySpan<byte> payload)
    {
        var reader = new FrameReader(payload);
        return ((long)reader.Fixed64(), new JournalTail((long)reader.Fixed64(), (long)reader.Fixed64(), (uint)reader.Fixed64()));
    }

    public void Write(long begin, JournalTail tail)
    {
        _writer.Begin();
        _writer.Fixed64((ulong)begin);
        _writer.Fixed64((ulong)tail.Sequence);
        _writer.Fixed64((ulong)tail.Address);
        _writer.Fixed64(tail.Link);
        _slots.Write(_writer.Body());
    }

    public void Sync() => _slots.Sync();

    /// <summary>Tells FasterLog where to go on.</summary>
    public void Restore(long begin, long until) =>
        _recovered = new FasterLogRecoveryInfo { BeginAddress = begin, UntilAddress = until, CommitNum = 1 };

    void ILogCommitManager.Commit(long beginAddress, long untilAddress, byte[] commitMetadata, long commitNum, bool forceWriteMetadata) =>
        Committed?.Invoke(untilAddress);

    byte[]? ILogCommitManager.GetCommitMetadata(long commitNum) => _recovered?.ToByteArray();

    IEnumerable<long> ILogCommitManager.ListCommits() => _recovered is null ? [] : [1];

    void ILogCommitManager.RemoveCommit(long commitNum)
    {
    }

    void ILogCommitManager.RemoveAllCommits()
    {
    }

    void ILogCommitManager.OnRecovery(long commitNum)
    {
    }

    public void Dispose() => _slots.Dispose();
}
