using FASTER.core;
using HashGrid.Server.Storage.Files;

namespace HashGrid.Server.Storage.Table;

/// <summary>FASTER's disk for the code table: a file that lives as long as the process, with a checksum in memory for each sector of it.</summary>
/// <remarks>
/// FASTER carries on with the bytes of a read that failed, and a writer of FASTER waits for ever behind a write that failed. So a sector
/// that is not what was written counts as a failure, a failure is for good (<see cref="Fault"/>), and a write always completes: what
/// it lost can only be reached through a read, and whoever reads asks <see cref="Fault"/> afterwards. Nothing is synced: the
/// journal rebuilds the table at each start. 4 bytes of memory a sector.
/// </remarks>
internal sealed class TableDevice : StorageDeviceBase
{
    private const int Sector = 512;
    private const int SectorsPerChunk = 1 << 14;

    private readonly IStorageFiles _files;
    private readonly string _folder;
    private readonly string _path;
    private readonly Action<Exception> _onFailure;
    private readonly Lock _lock = new();
    private uint[]?[] _checksums = [];
    private IStorageFile? _file;
    private volatile Exception? _fault;

    public TableDevice(IStorageFiles files, string folder, Action<Exception> onFailure)
        : base(Path.Combine(folder, "records"), Sector, Devices.CAPACITY_UNSPECIFIED)
    {
        _files = files;
        _folder = folder;
        _path = FileName;
        _onFailure = onFailure;
        foreach (string name in files.List(folder))
            files.Delete(Path.Combine(folder, name));
    }

    /// <summary>The write or read that failed first: nothing that comes from this disk may be used any more. Null while none has.</summary>
    public Exception? Fault => _fault;

    public override unsafe void WriteAsync(
        IntPtr sourceAddress, int segmentId, ulong destinationAddress, uint numBytesToWrite, DeviceIOCompletionCallback callback, object context) =>
        Run(
            () =>
            {
                var bytes = new ReadOnlySpan<byte>((void*)sourceAddress, (int)numBytesToWrite);
                for (int at = 0; at < bytes.Length; at += Sector)
                    ChecksumOf((long)destinationAddress + at, create: true) = Checksum(bytes.Slice(at, Math.Min(Sector, bytes.Length - at)));
                File().Write(bytes, (long)destinationAddress);
            },
            numBytesToWrite,
            callback,
            context);

    public override unsafe void ReadAsync(
        int segmentId, ulong sourceAddress, IntPtr destinationAddress, uint readLength, DeviceIOCompletionCallback callback, object context) =>
        Run(
            () =>
            {
                var bytes = new Span<byte>((void*)destinationAddress, (int)readLength);
                bytes.Clear();
                File().Read(bytes, (long)sourceAddress);
                for (int at = 0; at < bytes.Length; at += Sector)
                {
                    uint expected = ChecksumOf((long)sourceAddress + at, create: false);
                    if (expected != 0 && Checksum(bytes.Slice(at, Sector)) != expected)
                        throw new IOException($"'{_path}' holds other bytes at {(long)sourceAddress + at} than were written");
                }
            },
            readLength,
            callback,
            context);

    public override void RemoveSegmentAsync(int segment, AsyncCallback callback, IAsyncResult result) => callback(result);

    public override void Dispose()
    {
        lock (_lock)
        {
            if (_file is null)
                return;
            _file.Dispose();
            _file = null;
        }
        try
        {
            _files.Delete(_path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next start deletes it.
        }
    }

    // Zero stands for a sector that was never written.
    private static uint Checksum(ReadOnlySpan<byte> sector) => Crc32C.Compute(sector) is var crc && crc == 0 ? 1 : crc;

    private void Run(Action work, uint bytes, DeviceIOCompletionCallback callback, object context) => ThreadPool.UnsafeQueueUserWorkItem(
        _ =>
        {
            try
            {
                if (_fault is null)
                    work();
            }
            catch (Exception e)
            {
                _fault ??= e;
                _onFailure(e);
            }
            callback(0, bytes, context);
        },
        null);

    private IStorageFile File()
    {
        lock (_lock)
        {
            if (_file is null)
            {
                _files.CreateDirectory(_folder);
                _file = _files.Open(_path, create: true);
            }
            return _file;
        }
    }

    private ref uint ChecksumOf(long offset, bool create)
    {
        long sector = offset / Sector;
        int chunk = (int)(sector / SectorsPerChunk);
        uint[]?[] chunks = Volatile.Read(ref _checksums);
        if (chunk >= chunks.Length || chunks[chunk] is null)
        {
            if (!create)
                return ref Never[0];
            lock (_lock)
            {
                if (chunk >= _checksums.Length)
                {
                    uint[]?[] grown = new uint[]?[Math.Max(chunk + 1, 2 * _checksums.Length)];
                    _checksums.CopyTo(grown, 0);
                    Volatile.Write(ref _checksums, grown);
                }
                chunks = _checksums;
                Volatile.Write(ref chunks[chunk], chunks[chunk] ?? new uint[SectorsPerChunk]);
            }
        }
        return ref chunks[chunk]![sector % SectorsPerChunk];
    }

    private static uint[] Never { get; } = [0];
}
