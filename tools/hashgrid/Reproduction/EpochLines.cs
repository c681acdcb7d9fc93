using HashGrid.CommandLine.Training;

namespace HashGrid.CommandLine.Reproduction;

/// <summary>How far one training is, a line every ten seconds at most.</summary>
/// <param name="cell">What is trained.</param>
/// <param name="epochs">Epochs in all.</param>
/// <param name="say">Receives the lines.</param>
/// <param name="clock">Null: the system's.</param>
internal sealed class EpochLines(string cell, int epochs, Action<string> say, TimeProvider? clock = null)
{
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(10);
    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private readonly long _begun = (clock ?? TimeProvider.System).GetTimestamp();
    private long _spoken = (clock ?? TimeProvider.System).GetTimestamp();

    /// <summary>An epoch is over, from 1; the last one is said with the cell's scores.</summary>
    public void Done(int epoch)
    {
        if (epoch == epochs || _clock.GetElapsedTime(_spoken) < Between)
            return;
        _spoken = _clock.GetTimestamp();
        say($"{cell}: epoch {epoch} of {epochs}, about {Pace.Text(_clock.GetElapsedTime(_begun) / epoch * (epochs - epoch))} left in this cell");
    }
}
