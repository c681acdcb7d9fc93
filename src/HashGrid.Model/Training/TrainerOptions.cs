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

    /// <summary>Only findings in common make two pictures similar, "No Finding" in common does not. Off: half of ChestX-ray14 would be similar to nothing.</summary>
    public bool FindingsOnly { get; init; }

    /// <summary>What stays as it is.</summary>
    public Freeze Freeze { get; init; } = Freeze.Nothing;

    /// <summary>
    /// Augmented views of each picture when part of the network is frozen, computed once and kept; the first is the picture itself.
    /// 0: fresh views in every epoch, computed again each time.
    /// </summary>
    public int Views { get; init; } = 6;

    /// <summary>Largest rotation in degrees, either way.</summary>
    public double Rotation { get; init; } = 10;

    /// <summary>Largest change of scale, either way; shifts are as large.</summary>
    public double Zoom { get; init; } = 0.1;

    /// <summary>Share of views that are mirrored, left and right. 0: the heart is on one side.</summary>
    public double Flip { get; init; }

    /// <summary>Side in pixels of the pictures that views are cut from, at a random place: 256 for an input of 224. 0: that of the input. What is not trained on is shrunk whole.</summary>
    public int CropFrom { get; init; }

    /// <summary>
    /// Shape β, at most 1, of the Beta(β, β) distribution by which each step blends the feature maps with those of the same batch in another order; every picture keeps at least half of its map, and its labels. 0: none.
    /// After Verma et al., "Manifold mixup", ICML 2019, which blends the labels too; pairs need labels that are whole.
    /// </summary>
    public double Mix { get; init; }

    /// <summary>
    /// Share of a teacher's scores in the targets of the classification term; 0: labels alone. Needs a frozen trunk whose features are kept.
    /// The teacher is <see cref="RidgeTeacher"/> on the trunk's features, which scores every picture without having seen its patient.
    /// </summary>
    public double Distil { get; init; }

    /// <summary>
    /// Start the new layers as the best linear model that they contain, with a hash layer that orders lists, in place of random weights. Needs a frozen trunk whose features are kept, labels, and more refined channels and hidden units than labels.
    /// Bits are then not centred: medians are not where lists are ordered best.
    /// </summary>
    public bool LinearStart { get; init; }

    /// <summary>τ of the list-wise loss by which <see cref="LinearStart"/> learns its hash layer, in parts of the code's width.</summary>
    public double LinearTemperature { get; init; } = 0.25;

    /// <summary>
    /// How much more often an epoch shows pictures with rare findings: 0, every picture once; ½, by the square root of how rare they are; 1, every finding about equally often.
    /// An epoch has as many pictures as the set; common ones then wait for another.
    /// </summary>
    public double ClassBalance { get; init; }

    /// <summary>Decay of the running average of weights that evaluation and the result use; 0: none.</summary>
    public double Average { get; init; }

    /// <summary>Before the first epoch, shift every bit so that it divides the training pictures in half. Otherwise most bits start, and stay, the same for every picture.</summary>
    public bool CentreBits { get; init; }

    /// <summary>Seed of the order of pictures, of the linear start and, unless it has its own, of augmentation.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Seed of views and of what is blended; null: <see cref="Seed"/>.</summary>
    public int? AugmentationSeed { get; init; }

    /// <summary>CPU threads; 0: all.</summary>
    public int Threads { get; init; }

    /// <summary>What keeps the options from training this network on this many pictures, one line each; known before anything is computed.</summary>
    public IReadOnlyList<string> Validate(HashNetOptions net, int pictures)
    {
        List<string> problems = [.. Validate()];
        if (pictures < BatchSize)
            problems.Add($"{pictures} pictures, but one batch needs {BatchSize}; use more pictures or a smaller batch");
        if (CropFrom > 0 && CropFrom < net.InputSize)
            problems.Add($"crop from is {CropFrom} pixels, expected 0 (none) or more than the input's {net.InputSize}");
        int scores = net.Labels.Length + 1;
        if (LinearStart && (net.RefinedWidth < scores || net.HiddenWidth < scores))
            problems.Add($"a linear start needs a unit for each of the {net.Labels.Length} labels and one for No Finding, {scores} in all, but the network has {net.RefinedWidth} refined channels and {net.HiddenWidth} hidden units; give it more (refinedWidth, hiddenWidth), or set linearStart to false");
        return problems;
    }

    /// <summary>Every problem, one line each; empty if the options are fine.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        void Require(bool fine, FormattableString problem)
        {
            if (!fine)
                problems.Add(FormattableString.Invariant(problem));
        }
        Require(Epochs is >= 1 and <= 100_000, $"epochs are {Epochs}, expected 1 to 100000");
        Require(BatchSize is >= 2 and <= 65_536, $"batch size is {BatchSize}, expected 2 to 65536: pairs need two");
        Require(Rate is > 0 and <= 100, $"rate is {Rate}, expected above 0");
        Require(DropAfter >= 0, $"drop after is {DropAfter}, expected 0 or more epochs");
        Require(TrunkRate >= 0, $"trunk rate is {TrunkRate}, expected 0 or more");
        Require(Momentum is >= 0 and < 1, $"momentum is {Momentum}, expected 0 to below 1");
        Require(WeightDecay >= 0, $"weight decay is {WeightDecay}, expected 0 or more");
        Require(ClipNorm > 0, $"clip norm is {ClipNorm}, expected above 0");
        Require(Views is >= 0 and <= 1000, $"views are {Views}, expected 0 to 1000");
        Require(Rotation is >= 0 and <= 180, $"rotation is {Rotation} degrees, expected 0 to 180");
        Require(Zoom is >= 0 and < 1, $"zoom is {Zoom}, expected 0 to below 1");
        Require(Flip is >= 0 and <= 1, $"flip is {Flip}, expected 0 (none) to 1");
        Require(CropFrom is >= 0 and <= 4096, $"crop from is {CropFrom} pixels, expected 0 (none) to 4096");
        Require(Mix is >= 0 and <= 1, $"mix is {Mix}, expected 0 (none) to 1");
        Require(Distil is >= 0 and <= 1, $"distil is {Distil}, expected 0 (labels alone) to 1 (the teacher alone)");
        Require(Distil == 0 || (Freeze == Freeze.Trunk && Views > 0), $"distil is {Distil}, but the teacher needs freeze trunk and at least one view");
        Require(!LinearStart || (Freeze == Freeze.Trunk && Views > 0), $"a linear start needs freeze trunk and at least one view");
        Require(!LinearStart || !CentreBits, $"a linear start places its bits itself; set centreBits to false");
        Require(LinearTemperature is >= 0.001 and <= 10, $"linear temperature is {LinearTemperature}, expected 0.001 to 10 parts of the width");
        Require(Loss.NestedBits.All(width => width >= 1), $"nested bits are {string.Join(", ", Loss.NestedBits)}, expected widths of 1 or more");
        Require(Loss.ListWise >= 0, $"the list-wise term's weight is {Loss.ListWise}, expected 0 or more");
        Require(Loss.ListTemperature is >= 0.001 and <= 10, $"list temperature is {Loss.ListTemperature}, expected 0.001 to 10 parts of the width");
        Require(ClassBalance is >= 0 and <= 1, $"class balance is {ClassBalance}, expected 0 (none) to 1");
        Require(Average is >= 0 and < 1, $"average is {Average}, expected 0 to below 1");
        Require(Threads >= 0, $"threads are {Threads}, expected 0 (all) or more");
        return problems;
    }

    /// <summary>
    /// The shipped weights' recipe: frozen pretrained trunk, pictures as they are, a linear start, few and small steps, blended maps, a linear teacher, average of weights, pairs and lists per bit over nested codes.
    /// What was measured against it is in the model card.
    /// </summary>
    public static TrainerOptions WarmStart { get; } = new()
    {
        Epochs = 3,
        BatchSize = 32,
        Optimizer = OptimizerKind.AdamW,
        Rate = 3e-5,
        DropAfter = 0,
        TrunkRate = 0.1,
        WeightDecay = 0.01,
        Freeze = Freeze.Trunk,
        Views = 1,
        Mix = 0.4,
        Distil = 0.5,
        Average = 0.9,
        LinearStart = true,
        Loss = new HashLossOptions { PerBit = true, Alpha = 0.1, Beta = 1, ListWise = 1, ListTemperature = 0.25, NestedBits = [16, 32, 48] },
    };
}
