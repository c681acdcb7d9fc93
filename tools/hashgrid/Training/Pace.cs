namespace HashGrid.CommandLine.Training;

/// <summary>How fast training goes, from its recent steps, and how long the rest will take.</summary>
internal sealed class Pace
{
    // About the last twenty steps count.
    private const double Newest = 0.05;
    private double _step, _validation;

    public void Step(TimeSpan time) => _step = _step == 0 ? time.TotalSeconds : (_step * (1 - Newest)) + (time.TotalSeconds * Newest);

    public void Validation(TimeSpan time) => _validation = time.TotalSeconds;

    public double ImagesPerSecond(int batchSize) => batchSize / _step;

    public TimeSpan Left(long steps, int validations) => TimeSpan.FromSeconds((steps * _step) + (validations * _validation));

    public static string Text(TimeSpan time) => time switch
    {
        { TotalDays: >= 1 } => $"{(int)time.TotalDays} d {time.Hours} h",
        { TotalHours: >= 1 } => $"{time.Hours} h {time.Minutes} min",
        { TotalMinutes: >= 1 } => $"{time.Minutes} min {time.Seconds} s",
        _ => $"{time.Seconds} s",
    };
}
