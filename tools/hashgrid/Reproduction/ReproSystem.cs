using HashGrid.Model;
using HashGrid.Model.Rivals;
using HashGrid.Model.Training;

namespace HashGrid.CommandLine.Reproduction;

/// <summary>One row of the paper's tables.</summary>
/// <param name="Id">In file names.</param>
/// <param name="Title">In the report.</param>
/// <param name="Rival">The method, unless it is the network.</param>
/// <param name="IsPaperLoss">The network by the paper's own loss and optimizer; else by the warm-start preset.</param>
/// <param name="Change">What an ablation leaves out.</param>
/// <param name="Cost">Guess of the training time, a linear method being 1; only for the time left before anything is measured.</param>
internal sealed record ReproSystem(string Id, string Title, RivalMethod? Rival, bool IsPaperLoss, Func<HashNetOptions, HashNetOptions>? Change, double Cost)
{
    public const string Ours = "ours", PaperLoss = "paper", NoPoints = "no-points", NoMax = "no-max", Local = "local", Global = "global";

    /// <summary>In the order of Table 1, then the network, then its ablations.</summary>
    public static IReadOnlyList<ReproSystem> All { get; } =
    [
        new("ssh", "SSH", RivalMethod.Ssh, false, null, 1),
        new("itq", "ITQ", RivalMethod.Itq, false, null, 1),
        new("dh", "DH", RivalMethod.Dh, false, null, 2),
        new("dsh", "DSH", RivalMethod.Dsh, false, null, 20),
        new("drh", "DRH", RivalMethod.Drh, false, null, 3),
        new("ath", "ATH", RivalMethod.Ath, false, null, 60),
        new(PaperLoss, "Network, paper's loss", null, true, null, 60),
        new(Ours, "Network, warm start", null, false, null, 30),
        new(NoPoints, "without F_maxP and F_avgP", null, false, net => net with { Descriptors = Descriptors.Pooled }, 30),
        new(NoMax, "without F_max", null, false, net => net with { Descriptors = Descriptors.MaxPoint | Descriptors.AvgPoint }, 30),
        new(Local, "local feature alone", null, false, net => net with { Branches = Branches.Local }, 20),
        new(Global, "global feature alone", null, false, net => net with { Branches = Branches.Global }, 20),
    ];

    /// <summary>Epochs of its own recipe; null where it does not learn by epochs.</summary>
    public int? OwnEpochs => Rival switch
    {
        RivalMethod.Ssh or RivalMethod.Itq or RivalMethod.Dh => null,
        { } method => RivalRecipes.For(method, pictures: 1000).Epochs,
        null => IsPaperLoss ? NetworkPlan.PaperEpochs : TrainingPreset.WarmStart.Training.Epochs,
    };

    /// <summary>One training gives every width: the first bits of its codes are codes.</summary>
    public bool IsNested => Rival is null && !IsPaperLoss;

    public bool IsAblation => Change is not null;

    public static ReproSystem Of(string id) => All.Single(system => system.Id == id);
}
