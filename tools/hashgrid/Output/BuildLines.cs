using System.Diagnostics;
using HashGrid.Index;

namespace HashGrid.CommandLine.Output;

/// <summary>How far the build of an index is, as lines on stderr: none for one that is over soon.</summary>
internal sealed class BuildLines : IProgress<BuildProgress>
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly long _begin = Stopwatch.GetTimestamp();
    private readonly Lock _gate = new();
    private TimeSpan _next = Pause;

    public void Report(BuildProgress value)
    {
        lock (_gate)
        {
            TimeSpan now = Stopwatch.GetElapsedTime(_begin);
            if (now < _next) return;
            _next = now + Pause;
            string what = value.Stage switch
            {
                BuildStage.Reading => "reading codes",
                BuildStage.Centers => "finding centres",
                BuildStage.Clusters => "giving codes their centres",
                BuildStage.Rows => "putting codes in order",
                _ => "sorting into hash tables",
            };
            string share = value.Total > 0 ? $" {100.0 * value.Done / value.Total:F0} %" : "";
            Console.Error.WriteLine($"{now.TotalSeconds:F0} s: {what}{share}");
        }
    }
}
