using HashGrid.Model;
using HashGrid.Model.Losses;
using HashGrid.Model.Training;

namespace HashGrid.CommandLine.Reproduction;

/// <summary>Shape and recipe of the network in one cell.</summary>
internal static class NetworkPlan
{
    public const int PaperEpochs = 50;
    private const int PaperDrop = 20;

    /// <summary>The paper's loss, optimizer and widths on the shared trunk; or the warm-start preset, with or without an ablation.</summary>
    /// <param name="cell">What is trained.</param>
    /// <param name="bench">Labels and trunk.</param>
    /// <param name="settings">Widths.</param>
    /// <param name="epochs">Null: the recipe's own.</param>
    /// <param name="pictures">Training pictures: a batch is never larger than half of them.</param>
    public static (HashNetOptions Network, TrainerOptions Recipe) Of(ReproCell cell, Workbench bench, ReproSettings settings, int? epochs, int pictures)
    {
        TrainingPreset preset = TrainingPreset.WarmStart;
        HashNetOptions network = preset.Network with { Bits = cell.Bits, Labels = bench.Labels };
        TrainerOptions recipe = preset.Training with
        {
            Loss = preset.Training.Loss with { NestedBits = [.. settings.Bits.Where(bits => bits < cell.Bits)] },
        };
        if (cell.System.IsPaperLoss)
        {
            var own = new HashNetOptions();
            network = network with { RefinedWidth = own.RefinedWidth, HiddenWidth = own.HiddenWidth };
            int passes = epochs ?? PaperEpochs;
            recipe = new TrainerOptions { Epochs = passes, DropAfter = Math.Max(1, passes * PaperDrop / PaperEpochs), CentreBits = true, Loss = new HashLossOptions() };
        }
        recipe = recipe with
        {
            Epochs = epochs ?? recipe.Epochs,
            BatchSize = Math.Clamp(recipe.BatchSize, 2, Math.Max(2, pictures / 2)),
            Freeze = Freeze.Trunk, // as in every other method that stands on this trunk
            Views = 1,
            Seed = cell.Split,
        };
        return (cell.System.Change?.Invoke(network) ?? network, recipe);
    }
}
