using HashGrid.Model;
using HashGrid.Model.Datasets;
using HashGrid.Model.Training;

namespace HashGrid.CommandLine.Training;

/// <summary>Everything that decides what a training run gives, but the data. An options file changes any part of it.</summary>
internal sealed record TrainSettings
{
    /// <summary>Trunk weights that come with the program.</summary>
    public const string ImageNet = "imagenet";

    /// <summary>Name inside the weights; null: made from trunk and width.</summary>
    public string? Name { get; init; }

    /// <summary>Start of the trunk: <c>imagenet</c> (shipped MobileNetV2), a safetensors file with torchvision's names, or null for random weights.</summary>
    public string? TrunkWeights { get; init; }

    /// <summary>Seed of the initial weights.</summary>
    public int InitialSeed { get; init; } = 1;

    /// <summary>How held-out pictures are chosen.</summary>
    public SplitKind Split { get; init; } = SplitKind.Patient;

    /// <summary>Share of patients (or pictures) held out.</summary>
    public double HeldOut { get; init; } = 0.3;

    /// <summary>Seed of the split.</summary>
    public int SplitSeed { get; init; } = 1;

    /// <summary>Accept labels that ChestX-ray14 does not have, in a release with rows of one's own.</summary>
    public bool LenientLabels { get; init; }

    /// <summary>What CheXpert's −1 becomes.</summary>
    public UncertainPolicy Uncertain { get; init; } = UncertainPolicy.Ignore;

    /// <summary>Leave CheXpert's lateral views out.</summary>
    public bool FrontalOnly { get; init; } = true;

    /// <summary>Epochs between two validations.</summary>
    public int ValidateEvery { get; init; } = 1;

    /// <summary>Most pictures in a validation, a quarter of them queries.</summary>
    public int ValidationImages { get; init; } = 2000;

    /// <summary>Most memory, in MB, that the kept output of a frozen part takes; more goes to a file of the run. Null: a quarter of the machine's.</summary>
    public int? FeatureMemory { get; init; }

    /// <summary>Write weights in half precision.</summary>
    public bool Half { get; init; }

    /// <summary>The network; empty labels: those of the training pictures.</summary>
    public HashNetOptions Network { get; init; } = new();

    /// <summary>The recipe.</summary>
    public TrainerOptions Training { get; init; } = new();

    public static TrainSettings Of(TrainingPreset preset) => new()
    {
        Network = preset.Network,
        Training = preset.Training,
        TrunkWeights = preset.Pretrained ? ImageNet : null,
    };

    /// <summary>A run that shows in a minute that everything works; its weights are worth nothing.</summary>
    public TrainSettings Smoke() => this with
    {
        ValidationImages = 64,
        Training = Training with { Epochs = 2, BatchSize = Math.Min(Training.BatchSize, 8), Views = Math.Min(Training.Views, 2) },
    };

    /// <summary>The network for data of these labels, where the settings name none of their own.</summary>
    public HashNetOptions NetworkFor(string[] labels) => Network.Labels.Length > 0 ? Network : Network with { Labels = labels };

    /// <summary>Every problem, one line each; empty if the settings are fine.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> problems = [.. Network.Validate(), .. Training.Validate()];
        if (HeldOut is <= 0 or >= 1)
            problems.Add(FormattableString.Invariant($"heldOut is {HeldOut}, expected a share above 0 and below 1"));
        if (ValidateEvery < 1)
            problems.Add($"validateEvery is {ValidateEvery}, expected 1 or more epochs");
        if (FeatureMemory < 0)
            problems.Add($"featureMemory is {FeatureMemory}, expected 0 or more MB");
        if (ValidationImages < 8)
            problems.Add($"validationImages is {ValidationImages}, expected 8 or more");
        if (Training.Freeze != Freeze.Nothing && TrunkWeights is null)
            problems.Add("part of the trunk is frozen at random weights: name trunkWeights, or set freeze to nothing");
        return problems;
    }
}
