using System.Text.Json.Serialization;
using HashGrid.Model.Weights;

namespace HashGrid.Model;

/// <summary>Everything that shapes the network; stored inside its weights. Where the paper is open the default is our decision.</summary>
public sealed record HashNetOptions
{
    /// <summary><c>resnet50</c> (the paper's) or <c>mobilenet_v2</c> (a thirteenth of the arithmetic).</summary>
    public string Trunk { get; init; } = "resnet50";

    /// <summary>Channels of the ResNet's stem; 64 in the paper, smaller in tests.</summary>
    public int TrunkWidth { get; init; } = 64;

    /// <summary>Bottlenecks of conv2_x to conv5_x; 3, 4, 6, 3 is ResNet-50.</summary>
    public int[] TrunkBlocks { get; init; } = [3, 4, 6, 3];

    /// <summary>Batch norm of the trunk is already part of its convolutions, which then have a bias.</summary>
    public bool TrunkFolded { get; init; }

    /// <summary>TensorFlow's SAME padding (more zeros at the end) in the MobileNet trunk, in place of a symmetric one.</summary>
    public bool SamePadding { get; init; }

    /// <summary>How grey 0..1 becomes the trunk's input.</summary>
    public InputScaling Scaling { get; init; } = InputScaling.ImageNet;

    /// <summary>Channels of the trunk's input: 3, grey repeated, which any ImageNet trunk takes; or 1, a third of the first layer's work. ImageNet weights are then summed over their channels.</summary>
    [AddedLater]
    public int StemChannels { get; init; } = 3;

    /// <summary>Side of the square input in pixels, a multiple of 32.</summary>
    public int InputSize { get; init; } = 224;

    /// <summary>The trunk's stage that gives the feature map F: 5 (1/32 of the input) or 4 (1/16, a finer grid for small lesions and heat maps).</summary>
    public int FeatureStage { get; init; } = 5;

    /// <summary>What the attention's shared MLP runs over.</summary>
    public AttentionMlp Mlp { get; init; } = AttentionMlp.Positions;

    /// <summary>
    /// Each descriptor of a picture is shifted and scaled to mean 0 and deviation 1 over its positions before the MLP. Otherwise a trunk whose last
    /// activation is bounded (ReLU6) gives nearly the same F_maxP for every picture, and attention hardly depends on it. Not in the paper.
    /// </summary>
    public bool StandardDescriptors { get; init; }

    /// <summary>Positions per hidden unit of <see cref="AttentionMlp.Positions"/>.</summary>
    public int MlpRatio { get; init; } = 4;

    /// <summary>Descriptors that attention sees; one left out is a zero map.</summary>
    public Descriptors Descriptors { get; init; } = Descriptors.All;

    /// <summary>F_max is the maximum over channels in place of their mean. It is then F_maxP, dilated.</summary>
    [AddedLater]
    public bool PooledMax { get; init; }

    /// <summary>Initial bias of the attention's convolution: M starts near its tanh. At 0 the local branch would see nothing at first.</summary>
    [AddedLater]
    public double AttentionBias { get; init; } = 0.5;

    /// <summary>Which features enter the code; half of the FC's input is absent unless both.</summary>
    public Branches Branches { get; init; } = Branches.Both;

    /// <summary>One refinement block for both branches, in place of one each.</summary>
    public bool ShareRefinement { get; init; }

    /// <summary>Stride of the refinement block, 2 or 1.</summary>
    [AddedLater]
    public int RefineStride { get; init; } = 2;

    /// <summary>A 3 × 3 average, padding counted, before the mean over positions: the border counts less. Off: the mean alone.</summary>
    [AddedLater]
    public bool RefinePool { get; init; } = true;

    /// <summary>Side of the kernel in the refinement block's shortcut: 1 as in ResNet, or 3 as in ATH.</summary>
    [AddedLater]
    public int RefineSkip { get; init; } = 1;

    /// <summary>Width of a refined feature.</summary>
    public int RefinedWidth { get; init; } = 256;

    /// <summary>Width of h, the fused feature.</summary>
    public int HiddenWidth { get; init; } = 512;

    /// <summary>Code width k, 8 to 1024.</summary>
    public int Bits { get; init; } = 64;

    /// <summary>Names of the classes of the classification term, in order; "No Finding" is none of them.</summary>
    public string[] Labels { get; init; } = [];

    /// <summary>Classify from h in place of u; the class term then never reaches the hash layer.</summary>
    public bool ClassifyFromHidden { get; init; }

    /// <summary>Side of the feature map F.</summary>
    [JsonIgnore]
    public int MapSide => InputSize / (FeatureStage == 5 ? 32 : 16);

    /// <summary>Side of a refined map, before its mean.</summary>
    [JsonIgnore]
    public int RefinedSide => (MapSide + RefineStride - 1) / RefineStride;

    /// <summary>Every problem, one line each; empty if the options are fine.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        void Require(bool fine, string problem)
        {
            if (!fine)
                problems.Add(problem);
        }
        Require(Trunk is "resnet50" or "mobilenet_v2", $"trunk is '{Trunk}', expected resnet50 or mobilenet_v2");
        Require(TrunkWidth is >= 1 and <= 512, $"trunk width is {TrunkWidth}, expected 1 to 512");
        Require(TrunkBlocks is { Length: 4 } && TrunkBlocks.All(count => count is >= 1 and <= 64), "trunk blocks need four counts of 1 to 64");
        Require(InputSize is >= 32 and <= 2048 && InputSize % 32 == 0, $"input size is {InputSize}, expected a multiple of 32 from 32 to 2048");
        Require(FeatureStage is 4 or 5, $"feature stage is {FeatureStage}, expected 4 or 5");
        Require(MlpRatio is >= 1 and <= 64, $"MLP ratio is {MlpRatio}, expected 1 to 64");
        Require(StemChannels is 1 or 3, $"stem channels are {StemChannels}, expected 1 or 3");
        Require(AttentionBias is >= -10 and <= 10, FormattableString.Invariant($"attention bias is {AttentionBias}, expected -10 to 10"));
        Require(RefineStride is 1 or 2, $"refinement stride is {RefineStride}, expected 1 or 2");
        Require(RefineSkip is 1 or 3, $"the refinement's shortcut has a kernel of {RefineSkip}, expected 1 or 3");
        Require(RefinedWidth is >= 1 and <= 8192, $"refined width is {RefinedWidth}, expected 1 to 8192");
        Require(HiddenWidth is >= 1 and <= 8192, $"hidden width is {HiddenWidth}, expected 1 to 8192");
        Require(Bits is >= 8 and <= 1024, $"code width is {Bits} bits, expected 8 to 1024");
        Require(Labels is not null, "labels are missing");
        return problems;
    }
}
