using System.Collections.Concurrent;
using FASTER.core;
using HashGrid.Server.Storage.Files;

namespace HashGrid.Server.Storage.Journal;

/// <summary>
/// FASTER's view of the journal's files: writes run on one thread, and complete only when they are synced.
/// </summary>
/// <remarks>
/// FASTER's managed device awaits a flush in a <c>finally</c> block, so that a failing flush loses the completion and the log waits for
/// ever; it also syncs every write by itself. Here all writes that wait are written, then each touched file is synced once, then all complete.
/// </remarks>
internal sealed class JournalDevice : StorageDeviceBase
{
    private const uint Failed = 1;

    private readonly JournalSegments _segments;
    private readonly long _reserveBytes;
    private readonly BlockingCollection<PendingWrite> _queue = [];
    private readonly List<PendingWrite> _batch = [];
    private readonly HashSet<IStorageFile> _touched = [];
    private readonly Thread _thread;
    private readonly Action _onWritten;
    private readonly Action<Exception> _onFailure;
    private volatile bool _failed;

    public JournalDevice(JournalSegments segments, long reserveBytes, Action onWritten, Action<Exception> onFailure)
        : base(segments.BasePath, 512, Devices.CAPACITY_UNSPECIFIED)
    {
        _segments = segments;
        _reserveBytes = reserveBytes;
        _onWritten = onWritten;
        _onFailure = onFailure;
        _thread = new Thread(Run) { IsBackground = true, Name = "HashGrid journal device" };
        _thread.Start();
    }

    public override void WriteAsync(
        IntPtr sourceAddress, int segmentId, ulong destinationAddress, uint numBytesToWrite, DeviceIOCompletionCallback callback, object context)
    {
        var write = new PendingWrite(sourceAddress, segmentId, (long)destinationAddress, (int)numBytesToWrite, callback, context);
        if (!_queue.IsAddingCompleted)
            _queue.Add(write);
        else
            callback(Failed, 0, context);
    }

    public override unsafe void ReadAsync(
        int segmentId, ulong sourceAddress, IntPtr destinationAddress, uint readLength, DeviceIOCompletionCallback callback, object context)
    {
        ThreadPool.UnsafeQueueUserWorkItem(
            _ =>
            {
                uint error = 0;
                try
                {
                    _segments.Read(segmentId * _segments.SegmentBytes + (long)sourceAddress, new Span<byte>((void*)destinationAddress, (int)readLength));
                }
                catch (Exception e)
                {
                    error = Failed;
                    _onFailure(e);
                }
                callback(error, error == 0 ? readLength : 0, context);
            },
            null);
    }

    public override void RemoveSegmentAsync(int segment, AsyncCallback callback, IAsyncResult result)
    {
        try
        {
            _segments.Delete(segment);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A segment that outlives its content costs space, not data: the begin address is recorded elsewhere.
        }
        callback(result);
    }

    /// <summary>Takes no more writes, and waits for those that were taken.</summary>
    /// <returns>False if one still hangs then.</returns>
    public bool TryStop(TimeSpan patience)
    {
        _queue.CompleteAdding();
        return _thread.Join(patience);
    }

    public override void Dispose()
    {
        TryStop(Timeout.InfiniteTimeSpan);
        _queue.Dispose();
    }

    private void Run()
    {
        foreach (PendingWrite first in _queue.GetConsumingEnumerable())
        {
            _batch.Add(first);
            while (_queue.TryTake(out PendingWrite? next))
                _batch.Add(next);
            WriteBatch();
            // The callbacks run FASTER's own code, which may queue the next write; that one waits for the next round.
            foreach (PendingWrite write in _batch)
                write.Callback(_failed ? Failed : 0, _failed ? 0 : (uint)write.Length, write.Context);
            if (!_failed)
                _onWritten();
            _batch.Clear();
            _touched.Clear();
        }
    }

    private unsafe void WriteBatch()
    {
        // After one failure nobody knows what the device holds, and a later sync may report success for pages the kernel has
        // already dropped. So a failed device stays failed.
        if (_failed)
            return;
        try
        {
            foreach (PendingWrite write in _batch)
            {
                IStorageFile file = _segments.Obtain(write.Segment);
                long end = write.Offset + write.Length;
                if (_reserveBytes > 0 && end > file.Length)
                    file.Reserve(Math.Min(_segments.SegmentBytes, end + _reserveBytes));
                file.Write(new ReadOnlySpan<byte>((void*)write.Source, write.Length), write.Offset);
                _touched.Add(file);
            }
            foreach (IStorageFile file in _touched)
                file.Sync();
        }
        catch (Exception e)
        {
            _failed = true;
            _onFailure(e);
        }
    }

    private sealed record PendingWrite(IntPtr Source, int Segment, long Offset, int Length, DeviceIOCompletionCallback Callback, object Context);
}
