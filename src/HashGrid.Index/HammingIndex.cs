using HashGrid.Index.Kernels;
using HashGrid.Index.Segments;

namespace HashGrid.Index;

/// <summary>Finds the binary codes nearest to a query in Hamming distance, exactly, in the memory of this process.</summary>
/// <remarks>
/// <para>Each code has the caller's own 64-bit id. Answers are ordered by (distance, id) and do not depend on engine, threads or processor.</para>
/// <para>
/// Threads: any number may search while one adds and removes; searches take no lock. A search sees the codes added before it began; an
/// id whose code is replaced meanwhile is seen with the old code or the new, never without one; a removal shows at once. Several writers are
/// safe, one after the other.
/// </para>
/// </remarks>
public sealed partial class HammingIndex : IDisposable
{
    private const int FirstOpenRows = 1024;

    private readonly HammingIndexOptions _options;
    private readonly Lock _writer = new();
    private readonly ReplacementLog _replaced = new();
    private IndexState? _state; // null once disposed
    private long _count;

    /// <summary>Makes an empty index for codes of one width.</summary>
    /// <param name="width">Bits a code, 8 to 1024.</param>
    /// <param name="options">How to keep them; the default is right for most.</param>
    /// <exception cref="ArgumentException">The width is <c>default</c>, or an option is out of its range.</exception>
    /// <exception cref="NotSupportedException">HASHGRID_FORCE_KERNEL names a kernel that does not run here.</exception>
    public HammingIndex(CodeWidth width, HammingIndexOptions? options = null)
        : this(width, HammingIndexOptions.Require(options), [])
    {
    }

    private HammingIndex(CodeWidth width, HammingIndexOptions options, Segment[] sealedSegments)
    {
        if (width.Bits == 0) throw new ArgumentException("width is default(CodeWidth); use new CodeWidth(bits)", nameof(width));
        _ = HammingKernels.Current;
        Width = width;
        _options = options;
        _count = sealedSegments.Sum(segment => (long)segment.Live);
        _state = new IndexState(sealedSegments, Segment.CreateOpen(width.Words, FirstOpenRows, 0));
    }

    /// <summary>The width of every code.</summary>
    public CodeWidth Width { get; }

    /// <summary>Codes stored now.</summary>
    public long Count => Volatile.Read(ref _count);

    /// <summary>Bytes taken by codes, ids and structures; for an index opened from a file, the mapped part is shared with other processes.</summary>
    public long MemoryBytes
    {
        get
        {
            IndexState state = State;
            return state.Open.MemoryBytes + state.Sealed.Sum(segment => segment.MemoryBytes);
        }
    }

    /// <summary>The SIMD kernel that searches use here: avx512, avx2, arm or scalar.</summary>
    public static string KernelName => HammingKernels.Current.Name;

    private IndexState State => Volatile.Read(ref _state) ?? throw new ObjectDisposedException(nameof(HammingIndex));

    /// <summary>Lets go of the codes. Searches under way end well; their memory goes with the last of them.</summary>
    public void Dispose()
    {
        lock (_writer) Volatile.Write(ref _state, null);
    }
}
