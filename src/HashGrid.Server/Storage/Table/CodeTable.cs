using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using FASTER.core;
using HashGrid.Server.Storage.Journal;

namespace HashGrid.Server.Storage.Table;

/// <summary>The latest durable record of each id, on FasterKV: larger than memory, a view that the journal can rebuild.</summary>
/// <remarks>
/// Any number of readers, one writer. FASTER's sessions are not thread-safe, so each reader borrows one from a pool.
/// Value: fixed 8: journal sequence · payload of the put frame.
/// </remarks>
internal sealed class CodeTable : IDisposable
{
    private const int KeyBytes = 8;
    private const int SequenceBytes = 8;

    private readonly FasterKV<SpanByte, SpanByte> _store;
    private readonly IDevice _device;
    private readonly int _words;
    private readonly TableSession _writer;
    private readonly ConcurrentBag<TableSession> _readers = [];
    private byte[] _value = new byte[4096];
    private long _count;

    /// <param name="folder">A folder of its own, emptied here: what FASTER left there is older than the journal.</param>
    /// <param name="options">Memory and hash buckets.</param>
    /// <param name="journalBytes">Sizes the hash table when the options leave it open.</param>
    /// <param name="words">64-bit words in one code.</param>
    public CodeTable(string folder, CodeStoreOptions options, long journalBytes, int words)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        _words = words;
        _device = Devices.CreateLogDevice(Path.Combine(folder, "records"), deleteOnClose: true);
        _store = new FasterKV<SpanByte, SpanByte>(new FasterKVSettings<SpanByte, SpanByte>
        {
            IndexSize = (options.TableBuckets > 0 ? options.TableBuckets : Buckets(journalBytes)) * 64,
            LogDevice = _device,
            PageSize = Math.Max(options.TableMemoryBytes / 16, 1 << 16),
            MemorySize = options.TableMemoryBytes,
            SegmentSize = 1L << 28,
        });
        _writer = NewSession();
    }

    /// <summary>Ids in the table.</summary>
    public long Count => Volatile.Read(ref _count);

    /// <summary>Stores what one put frame says. The writer alone.</summary>
    public void Put(ulong id, long sequence, ReadOnlySpan<byte> payload)
    {
        int length = SequenceBytes + payload.Length;
        if (_value.Length < length)
            _value = new byte[Math.Max(length, 2 * _value.Length)];
        MemoryMarshal.Write(_value, sequence);
        payload.CopyTo(_value.AsSpan(SequenceBytes));
        if (!_writer.Contains(id))
            Interlocked.Increment(ref _count);
        _writer.Upsert(id, _value.AsSpan(0, length));
    }

    /// <summary>Forgets an id. The writer alone.</summary>
    public void Remove(ulong id)
    {
        if (!_writer.Contains(id))
            return;
        Interlocked.Decrement(ref _count);
        _writer.Delete(id);
    }

    /// <summary>The latest record put under the id; null if there is none. Any thread.</summary>
    public CodeRecord? Find(ulong id)
    {
        if (!_readers.TryTake(out TableSession? session))
            session = NewSession();
        byte[]? value;
        try
        {
            value = session.Read(id);
        }
        finally
        {
            _readers.Add(session);
        }
        return value is null
            ? null
            : Payloads.ReadPut(value.AsSpan(SequenceBytes), MemoryMarshal.Read<long>(value), _words, out _, out _);
    }

    public void Dispose()
    {
        _writer.Dispose();
        foreach (TableSession session in _readers)
            session.Dispose();
        _store.Dispose();
        _device.Dispose();
    }

    // About four ids fit a bucket, and a put frame takes some 64 bytes; a table that is too small only gets slower.
    private static long Buckets(long journalBytes) =>
        (long)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)Math.Clamp(journalBytes / 64 / 2, 1 << 16, 1L << 28));

    private TableSession NewSession() => new(_store);

    /// <summary>One FASTER session; one thread at a time.</summary>
    private sealed class TableSession(FasterKV<SpanByte, SpanByte> store) : IDisposable
    {
        private readonly ClientSession<SpanByte, SpanByte, SpanByte, byte[], Empty, SpanByteFunctions_ByteArrayOutput<Empty>> _session =
            store.For(new SpanByteFunctions_ByteArrayOutput<Empty>()).NewSession<SpanByteFunctions_ByteArrayOutput<Empty>>();

        public bool Contains(ulong id) => Read(id) is not null;

        public unsafe byte[]? Read(ulong id)
        {
            byte* bytes = (byte*)&id;
            SpanByte key = SpanByte.FromPointer(bytes, KeyBytes);
            byte[]? output = null;
            Status status = _session.Read(ref key, ref output!);
            if (status.IsPending)
            {
                _session.CompletePendingWithOutputs(out CompletedOutputIterator<SpanByte, SpanByte, SpanByte, byte[], Empty> outputs, wait: true);
                using (outputs)
                {
                    outputs.Next();
                    status = outputs.Current.Status;
                    output = outputs.Current.Output;
                }
            }
            return status.Found ? output
                : status.NotFound ? null
                : throw new CodeStoreException(CodeStoreProblem.ReadOnly, $"the code table could not be read ({status}); restart to rebuild it from the journal");
        }

        public unsafe void Upsert(ulong id, Span<byte> value)
        {
            byte* bytes = (byte*)&id;
            SpanByte key = SpanByte.FromPointer(bytes, KeyBytes);
            fixed (byte* start = value)
            {
                SpanByte content = SpanByte.FromPointer(start, value.Length);
                _session.Upsert(ref key, ref content);
            }
        }

        public unsafe void Delete(ulong id)
        {
            byte* bytes = (byte*)&id;
            SpanByte key = SpanByte.FromPointer(bytes, KeyBytes);
            if (_session.Delete(ref key).IsPending)
                _session.CompletePending(wait: true);
        }

        public void Dispose() => _session.Dispose();
    }
}
