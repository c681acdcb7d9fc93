using System.Diagnostics;
using HashGrid.CommandLine.Commands;

namespace HashGrid.CommandLine.Reproduction;

/// <summary>Runs one cell in a process of its own: its memory is then its own, not what all cells before it left behind.</summary>
internal static class CellProcess
{
    private const int Interrupted = 130;

    /// <summary>Waits for the cell's result, which lies in the folder then; what the process says goes to this one's stderr.</summary>
    /// <exception cref="CommandException">It failed.</exception>
    /// <exception cref="OperationCanceledException">Interrupted; the process has ended, and no half result is left.</exception>
    public static void Run(string folder, ReproCell cell, CancellationToken ct)
    {
        using Process process = Process.Start(OwnProgram.Start(ReproduceCellCommand.CommandName, folder, cell.Id))!;
        try
        {
            process.WaitForExitAsync(ct).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            process.Kill(); // a result appears whole or not at all
            process.WaitForExit();
            throw;
        }
        if (process.ExitCode == Interrupted)
            throw new OperationCanceledException();
        if (process.ExitCode != 0)
            throw new CommandException($"{cell.Id} ended with exit code {process.ExitCode}; its own words stand above");
    }
}
