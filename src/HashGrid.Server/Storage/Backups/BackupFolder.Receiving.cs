using System.IO.Pipelines;
using System.Runtime.ExceptionServices;
using HashGrid.Server.Storage.Files;
using HashGrid.Server.Storage.Journal;

namespace HashGrid.Server.Storage.Backups;

public sealed partial class BackupFolder
{
    /// <summary>After so many bytes they are synced, read again and verified: what is verified needs not be sent again.</summary>
    private const long VerifyBytes = 64L << 20;

    /// <summary>Room for the records of the copy itself, and for file systems that count in blocks.</summary>
    private const long SlackBytes = 1 << 20;

    private static readonly PipeOptions Buffers = new(pauseWriterThreshold: 4 << 20, resumeWriterThreshold: 2 << 20, minimumSegmentSize: 64 << 10);

    /// <summary>Receives what a source sends, and makes the copy whole.</summary>
    /// <param name="offer">What the source said first.</param>
    /// <param name="send">Writes the journal bytes to the pipe, waiting while it is full; runs beside the writing to disk. Its exception ends the copy.</param>
    /// <param name="progress">Told now and then how many bytes are there and how many will come, of this run.</param>
    /// <param name="ct">Ends the copy; what has arrived stays for the next run.</param>
    /// <exception cref="CodeStoreException">The disk is too small, or what arrived does not verify.</exception>
    /// <exception cref="IOException">The folder could not be written, or the source ended early; the next run goes on from there.</exception>
    public async Task<BackupReport> ReceiveAsync(
        BackupOffer offer, Func<PipeWriter, CancellationToken, Task> send, Action<long, long>? progress, CancellationToken ct)
    {
        Superblock source = Superblock.Read(offer.Superblock.Span, "the source's superblock");
        JournalTail from = offer.Continues ? _tail! : source.Begin;
        if (from.Address != offer.FromAddress || (offer.Continues ? source.Generation != _copy!.Generation : source.Generation == _whole?.Generation))
            throw new IOException($"the source offers generation {source.Generation} from address {offer.FromAddress}, which does not fit what '{_folder.Root}' holds; is the server older or newer?");
        ThrowIfTooLarge(source.Durable.Address - from.Address);
        if (!offer.Continues)
            Begin(source);
        // Also for one that continues: a server that was given the old copy meanwhile has deleted what had arrived of the next generation.
        _options.Files.CreateDirectory(_folder.JournalFolder(source.Generation));
        // A run that was killed may have made a segment and not yet synced its name; what is written there from now on must keep it.
        _options.Files.SyncDirectory(_folder.JournalFolder(source.Generation));

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var pipe = new Pipe(Buffers);
        Exception? failure = null;
        Task sending = SendAsync();
        try
        {
            await Task.Run(() => WriteAsync(source, from, pipe.Reader, () => failure, progress, ct), ct);
        }
        finally
        {
            await stop.CancelAsync();
            await pipe.Reader.CompleteAsync();
            await sending;
        }
        Finish(source);
        return new BackupReport(source.StoreId, offer.Continues, source.Durable.Sequence, source.Durable.Address - from.Address, source.Durable.Address - source.BeginAddress);

        async Task SendAsync()
        {
            try
            {
                await send(pipe.Writer, stop.Token);
            }
            catch (Exception e)
            {
                failure = e;
            }
            // Not with the failure: a pipe forgets for it what has arrived and was not taken yet.
            await pipe.Writer.CompleteAsync();
        }
    }

    private void ThrowIfTooLarge(long bytes)
    {
        long free = _options.Files.FreeBytes(_folder.Root);
        if (free - SlackBytes < bytes)
        {
            throw new CodeStoreException(
                CodeStoreProblem.DiskFull, $"the disk of '{_folder.Root}' has {free} bytes free, but {bytes} more are to be copied; free some space or name a folder elsewhere, nothing was changed");
        }
    }

    /// <summary>Prepares for a journal from its first byte.</summary>
    private void Begin(Superblock source)
    {
        // Of an earlier run into another generation, or of this one's namesake.
        if (_copy is not null && _copy != _whole)
            _folder.DeleteGeneration(_copy.Generation);
        _folder.DeleteGeneration(source.Generation);
        using (SlotFile partial = SlotFile.Open(_options.Files, Path.Combine(_folder.Root, PartialName), Superblock.Magic, create: true))
        {
            partial.Write((source with { Durable = source.Begin, Clean = false }).Write());
            partial.Sync();
        }
        _options.Files.SyncDirectory(_folder.Root);
    }

    private async Task WriteAsync(Superblock source, JournalTail from, PipeReader content, Func<Exception?> failure, Action<long, long>? progress, CancellationToken ct)
    {
        using var segments = new JournalSegments(_options.Files, _folder.JournalFolder(source.Generation), source.SegmentBytes);
        var scan = new JournalScan(segments, source.PageBytes, from);
        long position = from.Address, synced = from.Address, end = source.Durable.Address;
        while (true)
        {
            ReadResult read = await content.ReadAsync(ct);
            if (read.Buffer.Length > end - position)
                throw new IOException($"the source sent more than the {end - from.Address} bytes it had promised; run the backup again");
            foreach (ReadOnlyMemory<byte> part in read.Buffer)
                position = Write(segments, position, part.Span);
            content.AdvanceTo(read.Buffer.End);
            if (position - synced >= VerifyBytes || (read.IsCompleted && position > synced))
            {
                Settle(segments, scan, synced, position, end);
                synced = position;
                progress?.Invoke(position - from.Address, end - from.Address);
            }
            if (read.IsCompleted)
                break;
        }
        if (failure() is { } cause)
            ExceptionDispatchInfo.Throw(cause);
        if (position < end)
            throw new IOException($"the source ended after {position - from.Address} of {end - from.Address} bytes; run the backup again, it goes on from there");
        if (scan.Tail != source.Durable)
            throw Wrong(scan.Tail.Address, $"the last record is {scan.Tail.Sequence} with checksum {scan.Tail.Link:x8}, expected {source.Durable.Sequence} with {source.Durable.Link:x8}");
    }

    private static long Write(JournalSegments segments, long position, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            long offset = position % segments.SegmentBytes;
            int length = (int)Math.Min(bytes.Length, segments.SegmentBytes - offset);
            segments.Obtain((int)(position / segments.SegmentBytes)).Write(bytes[..length], offset);
            bytes = bytes[length..];
            position += length;
        }
        return position;
    }

    /// <summary>Syncs what was written, and verifies every record of it as the disk gives it back.</summary>
    private void Settle(JournalSegments segments, JournalScan scan, long from, long to, long end)
    {
        for (long segment = from / segments.SegmentBytes; segment * segments.SegmentBytes < to; segment++)
            segments.Find((int)segment)?.Sync();
        while (scan.TryNext(to, out _))
        {
        }
        // At a limit in the midst of the journal a record may be cut off: at most one, so what is not verified there is short.
        if (scan.Problem is not null && (to == end || to - scan.Tail.Address > 2 * FrameHeader.MaxFrameBytes))
            throw Wrong(scan.ProblemAddress, scan.Problem);
    }

    private CodeStoreException Wrong(long address, string problem) => new(
        CodeStoreProblem.Damaged, $"what was written to '{_folder.Root}' does not verify at address {address}: {problem}; check its disk and run the same command again", address);

    /// <summary>The journal is whole: says so, in the order in which a crash can do no harm.</summary>
    private void Finish(Superblock source)
    {
        using (SlotFile commits = SlotFile.Open(_options.Files, _folder.CommitsPath(source.Generation), JournalCommits.Magic, create: true))
        using (var record = new JournalCommits(commits))
        {
            record.Write(source.BeginAddress, source.Durable);
            record.Sync();
        }
        _options.Files.SyncDirectory(_folder.Root);
        // If somebody served the copy, its index snapshots are of another journal: no start would open them.
        if (_whole is not null && _whole.Generation != source.Generation)
            _folder.DeleteSnapshots();
        using (SlotFile superblock = SlotFile.Open(_options.Files, Path.Combine(_folder.Root, Superblock.FileName), Superblock.Magic, create: true))
        {
            for (int slot = 0; slot < SlotFile.Slots; slot++)
            {
                superblock.Write(source.Write());
                superblock.Sync();
                _options.Files.SyncDirectory(_folder.Root);
            }
        }
        for (int generation = 0; generation < source.Generation; generation++)
            _folder.DeleteGeneration(generation);
        string partial = Path.Combine(_folder.Root, PartialName);
        if (!_options.Files.Exists(partial))
            return;
        _options.Files.Delete(partial);
        _options.Files.SyncDirectory(_folder.Root);
    }
}
