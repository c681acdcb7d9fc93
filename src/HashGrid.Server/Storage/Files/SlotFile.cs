using System.Buffers.Binary;

namespace HashGrid.Server.Storage.Files;

/// <summary>
/// A small record that survives a crash at any moment: two slots of 4096 bytes, the newest valid one counts.
/// </summary>
/// <remarks>
/// <code>
/// 0  u32  crc         CRC-32C over bytes 4 .. 20+length-1
/// 4  u32  magic       which file this is
/// 8  u64  generation  the larger one is newer
/// 16 u32  length      of the payload
/// 20 ...  payload
/// </code>
/// Writes go to one slot until <see cref="Sync"/> made it durable; only then does the other slot become the target. So a
/// power cut can tear the slot being written, never both. One thread at a time.
/// </remarks>
internal sealed class SlotFile : IDisposable
{
    internal const int Slots = 2;
    internal const int SlotBytes = 4096;
    private const int HeaderBytes = SlotImage.HeaderBytes;

    private readonly IStorageFile _file;
    private readonly uint _magic;
    private readonly byte[] _buffer = new byte[SlotBytes];
    private ulong _generation;
    private int _target;
    private bool _settled;
    private bool _unsynced;

    private SlotFile(IStorageFile file, uint magic)
    {
        _file = file;
        _magic = magic;
    }

    /// <summary>The newest valid payload when the file was opened; null if no slot is valid.</summary>
    public byte[]? Payload { get; private set; }

    public static SlotFile Open(IStorageFiles files, string path, uint magic, bool create)
    {
        IStorageFile file = files.Open(path, create);
        try
        {
            var slots = new SlotFile(file, magic);
            if (create)
                file.Reserve(Slots * SlotBytes);
            slots.Load();
            return slots;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Makes the newest payload durable, so that nobody who acts on it is told an older one after a power cut. Before the first <see cref="Write"/>, by itself.</summary>
    /// <remarks>
    /// A process that was killed may have left it in the page cache alone, and a sync that failed may have left it there for good: the kernel calls
    /// such a page clean, so it is written again.
    /// </remarks>
    public void Settle()
    {
        if (_settled)
            return;
        if (Payload is not null)
        {
            int newest = (_target ^ 1) * SlotBytes;
            _file.Read(_buffer, newest);
            _file.Write(_buffer.AsSpan(0, HeaderBytes + Payload.Length), newest);
            _file.Sync();
        }
        _settled = true;
    }

    public void Write(ReadOnlySpan<byte> payload)
    {
        Settle();
        Span<byte> slot = _buffer.AsSpan(0, HeaderBytes + payload.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(slot[4..], _magic);
        BinaryPrimitives.WriteUInt64LittleEndian(slot[8..], ++_generation);
        BinaryPrimitives.WriteInt32LittleEndian(slot[16..], payload.Length);
        payload.CopyTo(slot[HeaderBytes..]);
        BinaryPrimitives.WriteUInt32LittleEndian(slot, Crc32C.Compute(slot[4..]));
        _file.Write(slot, _target * SlotBytes);
        _unsynced = true;
    }

    public void Sync()
    {
        if (!_unsynced)
            return;
        _file.Sync();
        _unsynced = false;
        _target ^= 1;
    }

    public void Dispose() => _file.Dispose();

    private void Load()
    {
        for (int slot = 0; slot < Slots; slot++)
        {
            _buffer.AsSpan().Clear();
            _file.Read(_buffer, slot * SlotBytes);
            SlotImage image = SlotImage.Read(_buffer, _magic);
            if (image.Payload is null || (Payload is not null && image.Generation <= _generation))
                continue;
            _generation = image.Generation;
            _target = slot ^ 1;
            Payload = image.Payload;
        }
    }
}
