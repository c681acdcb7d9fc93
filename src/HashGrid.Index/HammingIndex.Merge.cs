using HashGrid.Index.Segments;

namespace HashGrid.Index;

public sealed partial class HammingIndex
{
    private const int FewLateRows = 1000;

    // Scanned in some microseconds; below that a structure gains nothing.
    private const int FewOpenRows = 16_384;

    private static readonly MergeWork[] AllMergeWork = Enum.GetValues<MergeWork>();

    private readonly Task?[] _merging = new Task?[AllMergeWork.Length]; // by MergeWork; null while none runs; under the writer's lock
    private readonly Lock _compacting = new();
    private bool _isQuiet; // until the next write; under the writer's lock
    private bool _isCompacting; // keeps background merges from beginning and going on; under the writer's lock

    /// <summary>What stopped merging in the background, if anything did; searches and writes go on without it.</summary>
    public Exception? MergeFault { get; private set; }

    /// <summary>Segments that searches walk one after the other; merging keeps them few.</summary>
    public int SegmentCount => State.Sealed.Length + 1;

    /// <summary>
    /// Seals what was added and merges until no more is to be gained; then every code is under a structure. Searches and writers go on meanwhile.
    /// </summary>
    /// <remarks>For a calm moment after a large load. O(n). Waits for a merge that runs in the background, then works on the caller's thread.</remarks>
    /// <exception cref="ObjectDisposedException">The index was disposed.</exception>
    public void Compact()
    {
        lock (_writer)
        {
            IndexState state = State;
            if (state.Open.Count > 0) Seal(state);
        }
        lock (_compacting)
        {
            lock (_writer) _isCompacting = true;
            try
            {
                WaitForMerges();
                while (MergeOnce(MergeWork.Unbuilt, _options) || MergeOnce(MergeWork.Built, _options) || MergeRest())
                {
                    // Rows removed meanwhile are taken out by the next turn, if they are many.
                }
            }
            finally
            {
                lock (_writer)
                {
                    _isCompacting = false;
                    StartMerging();
                }
            }
        }
    }

    /// <summary>
    /// Says that no writes are expected for some seconds: what was added last gets its structures now, and what lies in several segments becomes one,
    /// if an eighth of the codes or more lie outside of the largest. Until the next write, which ends it but for a merge that runs.
    /// </summary>
    /// <remarks>
    /// Returns at once; the merges run in the background, on one core that searches go before, where <see cref="HammingIndexOptions.MergeInBackground"/> is
    /// set, and never of more than 16,777,216 codes. May be called again and again. <see cref="Compact"/> does the same to its end, on the caller's thread.
    /// </remarks>
    public void MergeWhileQuiet()
    {
        lock (_writer)
        {
            if (_state is not IndexState state) return;
            _isQuiet = true;
            if (state.Open.Count >= FewOpenRows) Seal(state);
            else StartMerging();
        }
    }

    /// <summary>Waits until no merge runs in the background.</summary>
    internal void WaitForMerges()
    {
        while (true)
        {
            Task[] running;
            lock (_writer) running = [.. _merging.OfType<Task>()];
            if (running.Length == 0) return;
            Task.WaitAll(running);
        }
    }

    /// <summary>Starts the background merges that are wanted and not running. Under the writer's lock.</summary>
    private void StartMerging()
    {
        if (!_options.MergeInBackground || _isCompacting || MergeFault is not null || _state is not IndexState state) return;
        foreach (MergeWork work in AllMergeWork)
        {
            if (_merging[(int)work] is not null || Choose(work, state).Length == 0) continue;
            // One core at most: searches have the others.
            HammingIndexOptions options = _options with { BuildThreads = 1 };
            _merging[(int)work] = Task.Factory.StartNew(() => MergeAll(work, options), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
    }

    private void MergeAll(MergeWork work, HammingIndexOptions options)
    {
        BackgroundPriority.Take();
        try
        {
            while (MergeOnce(work, options, isBackground: true))
            {
                // Each turn looks at the segments anew.
            }
        }
        catch (Exception fault)
        {
            MergeFault = fault;
            lock (_writer) _merging[(int)work] = null;
        }
    }

    /// <summary>Merges one group of segments; false, and this work over, if there is none.</summary>
    private bool MergeOnce(MergeWork work, HammingIndexOptions options, bool isBackground = false)
    {
        Segment[] inputs;
        ulong[][] removed;
        lock (_writer)
        {
            inputs = _state is null || (isBackground && _isCompacting) ? [] : Choose(work, _state);
            if (inputs.Length == 0)
            {
                _merging[(int)work] = null;
                return false;
            }
            removed = [.. inputs.Select(segment => segment.Removed.Copy())];
        }
        Merge(inputs, removed, options);
        return true;
    }

    /// <summary>Merges what no policy asks to merge: all there is.</summary>
    private bool MergeRest()
    {
        Segment[] inputs;
        ulong[][] removed;
        lock (_writer)
        {
            if (_state is not { Sealed.Length: > 1 } state || state.Sealed.Sum(segment => (long)segment.Count) > MostRows) return false;
            inputs = state.Sealed;
            removed = [.. inputs.Select(segment => segment.Removed.Copy())];
        }
        Merge(inputs, removed, _options);
        return true;
    }

    private void Merge(Segment[] inputs, ulong[][] removed, HammingIndexOptions options)
    {
        SegmentMerger merger = new(Width, inputs, removed);
        merger.Build(options);
        // What was removed meanwhile is taken out in rounds, each shorter than the last, so that the writer waits for a short one only.
        for (int round = 0; round < 4 && merger.CatchUp() > FewLateRows; round++)
        {
            // The count is the condition.
        }
        lock (_writer)
        {
            if (_state is not IndexState state) return;
            merger.CatchUp();
            Segment[] rest = [.. state.Sealed.Except(inputs)];
            // Largest first: it makes the limit small for those that follow.
            Segment[] next = merger.Merged is null ? rest : [.. rest.Append(merger.Merged).OrderByDescending(segment => segment.Count)];
            Volatile.Write(ref _state, new IndexState(next, state.Open));
            StartMerging();
        }
    }

    private Segment[] Choose(MergeWork work, IndexState state) => MergePolicy.Choose(work, state.Sealed, _options.OpenRows, MostRows, _isQuiet);

    private long MostRows => Array.MaxLength / Width.Words;
}
