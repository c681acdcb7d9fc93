using System.CommandLine;
using HashGrid.CommandLine.Reproduction;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid reproduce-cell: one cell of a plan. `hashgrid reproduce` starts it, so it is not listed.</summary>
internal sealed class ReproduceCellCommand : ToolCommand
{
    public const string CommandName = "reproduce-cell";

    private readonly Argument<string> _folder = new("FOLDER") { Description = "The --out of `hashgrid reproduce`" };
    private readonly Argument<string> _cell = new("CELL") { Description = "Such as itq-48-split1" };

    public ReproduceCellCommand()
        : base(CommandName, "Train and measure one cell of a plan.", $"hashgrid {CommandName} paper itq-48-split1")
    {
        Hidden = true;
        Add(_folder);
        Add(_cell);
        SetAction((parsed, ct) => Task.FromResult(Run(parsed, ct))); // tensors belong to the thread that made them
    }

    private int Run(ParseResult parsed, CancellationToken ct)
    {
        string folder = parsed.GetRequiredValue(_folder), id = parsed.GetRequiredValue(_cell);
        ReproSettings settings = ReproSettings.Read(folder);
        ReproCell cell = ReproCell.Plan(settings).FirstOrDefault(cell => cell.Id == id) ?? throw new UsageException($"the plan in {folder} has no cell {id}");
        using var bench = new Workbench(settings, folder, Console.Error.WriteLine);
        (settings with { Content = DataPrint.Of(bench.Images, settings.Data) }).Check(settings.Content, folder); // they may have changed while others ran
        new CellRunner(bench, settings, folder, Console.Error.WriteLine).Run(cell, ct).Write(cell.ResultIn(folder));
        return 0;
    }
}
