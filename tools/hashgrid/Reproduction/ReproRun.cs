using System.Diagnostics;
using HashGrid.CommandLine.Training;

namespace HashGrid.CommandLine.Reproduction;

/// <summary>Works through the plan, cell by cell, each in a process of its own; what is done already is read, not done again.</summary>
internal sealed class ReproRun(ReproSettings settings, string folder, Action<string> say)
{
    private readonly List<(ReproCell Cell, double Seconds)> _done = [];

    /// <summary>Runs what is missing; what cells share is made on this thread.</summary>
    /// <exception cref="OperationCanceledException">Interrupted; finished cells stay.</exception>
    public IReadOnlyList<CellResult> Run(Workbench bench, CancellationToken ct)
    {
        Directory.CreateDirectory(Path.Combine(folder, "cells"));
        IReadOnlyList<ReproCell> plan = ReproCell.Plan(settings);
        var results = new List<CellResult>();
        ReproCell[] missing = [.. plan.Where(cell => CellResult.Read(cell.ResultIn(folder)) is null)];
        say($"{plan.Count} cells, {plan.Count - missing.Length} of them done already; {bench.Images.Count} pictures of {bench.Images.Select(image => image.Patient).Distinct().Count()} patients, {settings.Splits} splits by patient");
        if (missing.Length > 0)
            Prepare(bench, missing, ct);
        for (int i = 0; i < missing.Length; i++)
        {
            ct.ThrowIfCancellationRequested();
            long begun = Stopwatch.GetTimestamp();
            CellProcess.Run(folder, missing[i], ct);
            CellResult result = CellResult.Read(missing[i].ResultIn(folder)) ?? throw new CommandException($"{missing[i].Id} ended well, but left no {missing[i].ResultIn(folder)}; was the folder changed meanwhile?");
            _done.Add((missing[i], Stopwatch.GetElapsedTime(begun).TotalSeconds));
            string scores = string.Join(", ", result.Scores.Select(one => FormattableString.Invariant($"{one.Bits} bits {one.Map:F3}/{one.Ndcg100:F3}")));
            string left = i + 1 < missing.Length ? $", about {Pace.Text(Left(missing[(i + 1)..]))} left" : "";
            say(FormattableString.Invariant($"{plan.Count - missing.Length + i + 1}/{plan.Count} {missing[i].Id}: mAP/nDCG@100 {scores}; {_done[^1].Seconds:F0} s{left}"));
        }
        foreach (ReproCell cell in plan)
            results.Add(CellResult.Read(cell.ResultIn(folder))!);
        return results;
    }

    /// <summary>Makes what cells share, so that each process finds it.</summary>
    private void Prepare(Workbench bench, ReproCell[] cells, CancellationToken ct)
    {
        foreach (int side in cells.Select(cell => cell.InputSize(settings)).OfType<int>().Distinct())
            _ = bench.Pictures(side, ct);
        _ = bench.Features(ct);
    }

    /// <summary>What is finished by now, of the splits that every system has been through; a run may go on meanwhile.</summary>
    /// <exception cref="CommandException">Not even one split is finished.</exception>
    public IReadOnlyList<CellResult> Finished()
    {
        IReadOnlyList<ReproCell> plan = ReproCell.Plan(settings);
        (ReproCell Cell, CellResult? Result)[] cells = [.. plan.Select(cell => (cell, CellResult.Read(cell.ResultIn(folder))))];
        int[] splits = [.. cells.Where(one => one.Cell.Widths.Contains(settings.MainBits)).GroupBy(one => one.Cell.Split).Where(split => split.All(one => one.Result is not null)).Select(split => split.Key)];
        if (!splits.Contains(1))
            throw new CommandException($"{folder} has no finished split yet: {cells.Count(one => one.Result is not null)} of {plan.Count} cells are done; run the command without --report-only");
        CellResult[] finished = [.. cells.Where(one => one.Result is not null && splits.Contains(one.Cell.Split)).Select(one => one.Result!)];
        say($"{finished.Length} of {plan.Count} cells are done and in the report");
        return finished;
    }

    /// <summary>By the mean of cells of the same system, else by its guessed cost at the pace of the others.</summary>
    private TimeSpan Left(ReproCell[] cells)
    {
        double pace = _done.Sum(one => one.Seconds) / _done.Sum(one => one.Cell.System.Cost);
        double seconds = cells.Sum(cell => _done.Where(one => one.Cell.System == cell.System).Select(one => one.Seconds).DefaultIfEmpty(cell.System.Cost * pace).Average());
        return TimeSpan.FromSeconds(seconds);
    }
}
