using System.Runtime.ExceptionServices;
using HashGrid.Index.Planning;

namespace HashGrid.Index.Scan;

/// <summary>One waiting thread of the <see cref="ScanTeam"/>, with an answer of its own that is kept for the next scan.</summary>
internal sealed class ScanMate
{
    private readonly SemaphoreSlim _begin = new(0);
    private readonly SemaphoreSlim _end = new(0);
    private Neighbor[] _heap = [];
    private ScanTurns? _turns;
    private ExceptionDispatchInfo? _fault;
    private SearchTally _tally;
    private int _count;
    private bool _more;

    public ScanMate()
    {
        var thread = new Thread(Loop) { IsBackground = true, Name = "HashGrid scan" };
        thread.Start();
    }

    public void Begin(ScanTurns turns)
    {
        _turns = turns;
        _begin.Release();
    }

    public void Wait() => _end.Wait();

    /// <summary>Hands over what this thread found, or the exception that the caller's filter threw on it.</summary>
    public void AddTo(ref Collector answer, ref SearchTally tally)
    {
        ExceptionDispatchInfo? fault = _fault;
        _fault = null;
        fault?.Throw();
        if (_more) answer.NoteMore();
        for (int i = 0; i < _count; i++) answer.OfferChecked(_heap[i]);
        tally.Add(_tally);
    }

    private void Loop()
    {
        while (true)
        {
            _begin.Wait();
            ScanTurns turns = _turns!;
            _turns = null;
            _tally = default;
            _count = 0;
            try
            {
                if (_heap.Length < turns.Room) _heap = new Neighbor[turns.Room];
                Collector answer = new(_heap.AsSpan(0, turns.Room), turns.Limit, turns.Rules);
                turns.Work(ref answer, ref _tally);
                (_count, _more) = (answer.Count, answer.More);
            }
            catch (Exception fault)
            {
                _fault = ExceptionDispatchInfo.Capture(fault);
            }
            _end.Release();
        }
    }
}
