using HashGrid.Model.Losses;

namespace HashGrid.Model.Training;

/// <summary>The recipe. The defaults are the paper's; <see cref="WarmStart"/> is ours for a pretrained trunk and few pictures.</summary>
public sealed record TrainerOptions
{
    /// <summary>Passes over the training pictures.</summary>
    public int Epochs { get; init; } = 50;

    /// <summary>Pictures a step; an incomplete last batch is dropped.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>SGD or AdamW.</summary>
    public OptimizerKind Optimizer { get; init; } = OptimizerKind.Sgd;

    /// <summary>Learning rate at the start.</summary>
    public double Rate { get; init; } = 0.01;

    /// <summary>After this many epochs the rate is a tenth; 0: cosine to zero over all epochs.</summary>
    public int DropAfter { get; init; } = 20;

    /// <summary>Rate of the trunk over that of the rest.</summary>
    public double TrunkRate { get; init; } = 1;

    /// <summary>Momentum of SGD.</summary>
    public double Momentum { get; init; } = 0.9;

    /// <summary>Weight decay, on everything.</summary>
    public double WeightDecay { get; init; } = 1e-4;

    /// <summary>Largest norm of the whole gradient.</summary>
    public double ClipNorm { get; init; } = 5;

    /// <summary>The joint loss.</summary>
    public HashLossOptions Loss { get; init; } = new();

    /// <summary>What stays as it is.</summary>
    public Freeze Freeze { get; init; } = Freeze.Nothing;

    /// <summary>Augmented views of each picture when part of the network is frozen; the first is the picture itself.</summary>
    public int Views { get; init; } = 6;

    /// <summary>Largest rotation in degrees, either way. No flips: the heart is on one side.</summary>
    public double Rotation { get; init; } = 10;

    /// <summary>Largest change of scale, either way; shifts are as large.</summary>
    public double Zoom { get; init; } = 0.1;

    /// <summary>Decay of the running average of weights that evaluation and the result use; 0: none.</summary>
    public double Average { get; init; }

    /// <summary>Before the first epoch, shift every bit so that it divides the training pictures in half. Otherwise most bits start, and stay, the same for every picture.</summary>
    public bool CentreBits { get; init; }

    /// <summary>Seed of order and augmentation.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>CPU threads; 0: all.</summary>
    public int Threads { get; init; }

    /// <summary>Pretrained trunk, its lower part frozen, average of weights, loss per bit.</summary>
    public static TrainerOptions WarmStart { get; } = new()
    {
        Epochs = 20,
        Optimizer = OptimizerKind.AdamW,
        Rate = 1e-3,
        DropAfter = 0,
        TrunkRate = 0.1,
        WeightDecay = 0.01,
        Freeze = Freeze.Lower,
        Average = 0.98,
        CentreBits = true,
        Loss = new HashLossOptions { PerBit = true, Alpha = 0.1, Balance = 1 },
    };
}
