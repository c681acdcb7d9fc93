using HashGrid.Index.Segments;

namespace HashGrid.Index;

public sealed partial class HammingIndex
{
    private Task _merging = Task.CompletedTask;
    private bool _isMerging;

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
        while (true)
        {
            WaitForMerges();
            lock (_writer)
            {
                if (_isMerging) continue;
                _isMerging = true;
                break;
            }
        }
        try
        {
            while (MergeOnce(all: true, _options))
            {
                // Rows removed meanwhile are taken out by the next turn, if they are many.
            }
        }
        finally
        {
            lock (_writer) _isMerging = false;
        }
    }

    /// <summary>Waits until no merge runs in the background.</summary>
    internal void WaitForMerges()
    {
        while (true)
        {
            Task merging;
            lock (_writer)
            {
                if (!_isMerging) return;
                merging = _merging;
            }
            merging.Wait();
        }
    }

    /// <summary>Starts the background merge if it is wanted and not running. Under the writer's lock.</summary>
    private void StartMerging()
    {
        if (!_options.MergeInBackground || _isMerging || MergeFault is not null) return;
        _isMerging = true;
        // One core at most: searches have the others.
        HammingIndexOptions options = _options with { BuildThreads = 1 };
        _merging = Task.Factory.StartNew(() => MergeAll(options), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private void MergeAll(HammingIndexOptions options)
    {
        BackgroundPriority.Take();
        try
        {
            while (MergeOnce(all: false, options))
            {
                // Each turn looks at the segments anew.
            }
        }
        catch (Exception fault)
        {
            MergeFault = fault;
            lock (_writer) _isMerging = false;
        }
    }

    /// <summary>Merges one group of segments; false, and merging over, if there is none.</summary>
    private bool MergeOnce(bool all, HammingIndexOptions options)
    {
        Segment[] inputs;
        ulong[][] removed;
        lock (_writer)
        {
            IndexState? state = _state;
            long mostRows = Array.MaxLength / Width.Words;
            inputs = state is null ? [] : MergePolicy.Choose(state.Sealed, _options.OpenRows, mostRows);
            if (state is not null && inputs.Length == 0 && all && state.Sealed.Length > 1 && state.Sealed.Sum(segment => (long)segment.Count) <= mostRows)
            {
                inputs = state.Sealed;
            }
            if (inputs.Length == 0)
            {
                _isMerging = all;
                return false;
            }
            removed = [.. inputs.Select(segment => segment.Removed.Copy())];
        }
        SegmentMerger merger = new(Width, inputs, removed);
        merger.Build(options);
        lock (_writer)
        {
            if (_state is not IndexState state)
            {
                _isMerging = false;
                return false;
            }
            if (merger.Merged is not null) merger.CatchUp();
            Segment[] rest = [.. state.Sealed.Except(inputs)];
            // Largest first: it makes the limit small for those that follow.
            Segment[] next = merger.Merged is null ? rest : [.. rest.Append(merger.Merged).OrderByDescending(segment => segment.Count)];
            Volatile.Write(ref _state, new IndexState(next, state.Open));
        }
        return true;
    }
}
