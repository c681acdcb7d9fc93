using System.Diagnostics;
using Spectre.Console;

namespace HashGrid.CommandLine.Output;

/// <summary>A progress bar on stderr where somebody watches; silence anywhere else, or a line now and then for work that takes minutes.</summary>
internal static class Progress
{
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(10);

    /// <param name="title">What is going on.</param>
    /// <param name="total">Steps in all.</param>
    /// <param name="work">Receives what it calls once a step.</param>
    /// <param name="lines">Without a terminal: a line every ten seconds in place of silence.</param>
    public static async Task RunAsync(string title, int total, Func<Action, Task> work, bool lines = false)
    {
        if (!Terminal.ErrorIsInteractive)
        {
            await work(lines ? Lines(title, total) : () => { });
            return;
        }
        await new Spectre.Console.Progress(Terminal.Error)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                ProgressTask task = context.AddTask(title, maxValue: total);
                await work(() => task.Increment(1));
            });
    }

    private static Action Lines(string title, int total)
    {
        long last = Stopwatch.GetTimestamp();
        int done = 0;
        return () =>
        {
            done++;
            if (Stopwatch.GetElapsedTime(last) < BetweenLines)
                return;
            last = Stopwatch.GetTimestamp();
            Console.Error.WriteLine($"{title}: {done} of {total}");
        };
    }
}
