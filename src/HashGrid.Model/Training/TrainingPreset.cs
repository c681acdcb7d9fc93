using HashGrid.Model.Weights;

namespace HashGrid.Model.Training;

/// <summary>A network and its recipe under one name.</summary>
/// <param name="Name">As given on a command line.</param>
/// <param name="Network">Shapes and switches; labels come from the data.</param>
/// <param name="Training">The recipe.</param>
/// <param name="Pretrained">The trunk starts from the ImageNet weights that <see cref="MobileNetImport"/> reads.</param>
public sealed record TrainingPreset(string Name, HashNetOptions Network, TrainerOptions Training, bool Pretrained)
{
    /// <summary>The paper's: ResNet-50 from a random start, SGD, the plain joint loss. Slow without a GPU.</summary>
    public static TrainingPreset Paper { get; } = new("paper", new HashNetOptions(), new TrainerOptions(), false);

    /// <summary>A small pretrained trunk; for few pictures, or without a GPU.</summary>
    public static TrainingPreset WarmStart { get; } =
        new("warm-start", MobileNetImport.Options(new HashNetOptions { RefinedWidth = 64, HiddenWidth = 128 }), TrainerOptions.WarmStart, true);

    /// <summary>Every preset, the default first.</summary>
    public static IReadOnlyList<TrainingPreset> All { get; } = [Paper, WarmStart];
}
