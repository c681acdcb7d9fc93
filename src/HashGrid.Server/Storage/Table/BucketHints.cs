using System.Numerics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using FASTER.core;
using HashGrid.Server.Storage.Files;

namespace HashGrid.Server.Storage.Table;

/// <summary>Tells processor and kernel which of FASTER's hash buckets will be wanted: with ids in no order each look-up is a cache and a TLB miss.</summary>
/// <remarks>
/// FASTER has no prefetch and keeps its buckets to itself, so they are found by reflection. Hints alone come of it: nothing is read or written by
/// that address, and a FASTER that keeps its buckets elsewhere costs speed and nothing else.
/// </remarks>
internal readonly unsafe struct BucketHints
{
    private const int BucketBytes = 64;

    private readonly byte* _buckets;
    private readonly ulong _mask;

    /// <param name="store">Just made, with a power of two of buckets and nothing in them.</param>
    /// <param name="buckets">How many.</param>
    public BucketHints(FasterBase store, long buckets)
    {
        byte* first = Find(store);
        if (first == null || !BitOperations.IsPow2(buckets))
            return;
        _buckets = first;
        _mask = (ulong)buckets - 1;
        Posix.AdviseHugePages(first, buckets * BucketBytes);
    }

    /// <summary>Begins to bring the bucket of a hash into the cache. Does not wait for it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(long hash)
    {
        // A prefetch of any address is allowed and never faults.
        byte* bucket = _buckets + ((ulong)hash & _mask) * BucketBytes;
        if (Sse.IsSupported)
            Sse.Prefetch0(bucket);
    }

    private static byte* Find(FasterBase store)
    {
        const BindingFlags hidden = BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public;
        object? table = (typeof(FasterBase).GetField("state", hidden)?.GetValue(store) as Array)?.GetValue(0);
        return table?.GetType().GetField("tableAligned", hidden)?.GetValue(table) is Pointer pointer ? (byte*)Pointer.Unbox(pointer) : null;
    }
}
