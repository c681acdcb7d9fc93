using Spectre.Console;

namespace HashGrid.CommandLine.Output;

/// <summary>A progress bar on stderr where somebody watches; silence anywhere else.</summary>
internal static class Progress
{
    /// <param name="title">What is going on.</param>
    /// <param name="total">Steps in all.</param>
    /// <param name="work">Receives what it calls once a step.</param>
    public static async Task RunAsync(string title, int total, Func<Action, Task> work)
    {
        if (!Terminal.ErrorIsInteractive)
        {
            await work(() => { });
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
}
