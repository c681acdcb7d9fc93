using System.CommandLine;
using HashGrid.LoadGen;

ParseResult parsed = new LoadGenCommand().Parse(args);
if (parsed.Errors is [var error, ..])
{
    Console.Error.WriteLine($"loadgen: {error.Message.ReplaceLineEndings(" ").TrimEnd('.')}; see `loadgen --help`");
    return 2;
}
using var interrupt = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    // The first Ctrl-C ends the measurement, and what was measured is reported.
    pressed.Cancel = !interrupt.IsCancellationRequested;
    interrupt.Cancel();
};
return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null }, interrupt.Token);
