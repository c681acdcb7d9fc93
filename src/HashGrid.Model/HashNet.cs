using HashGrid.Model.Runtime;
using HashGrid.Model.Trunks;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HashGrid.Model;

/// <summary>The deep hash network with spatial attention and fused global and local features.</summary>
/// <remarks>
/// Source: "Deep hashing retrieval for large-scale chest X-ray images", Journal of Image and Graphics 28(2), 2023. Letters are the paper's: N batch, K channels of F, H = W its side, k bits, C labels.
/// The trunk is in <see cref="ResNet"/> or <see cref="MobileNetV2"/>; the rest is here. One thread at a time.
/// </remarks>
public sealed partial class HashNet
{
    /// <summary>Keeps a map that is the same everywhere at 0.</summary>
    private const float LeastVariance = 1e-5f;

    private readonly ITrunk _trunk;
    private readonly (ConvUnit One, ConvUnit Two, ConvUnit Skip) _refineGlobal, _refineLocal;

    /// <summary>Creates the network with initial weights.</summary>
    /// <param name="options">Shapes and switches.</param>
    /// <param name="seed">Seed of the initial weights: the same seed gives the same network.</param>
    /// <exception cref="ArgumentException">The options disagree; the message lists every problem.</exception>
    /// <exception cref="TorchRuntimeException">libtorch cannot be loaded.</exception>
    public HashNet(HashNetOptions options, ulong seed = 1)
    {
        IReadOnlyList<string> problems = options.Validate();
        if (problems.Count > 0)
            throw new ArgumentException(string.Join("; ", problems), nameof(options));
        TorchRuntime.EnsureLoaded();
        Options = options;
        Table = new ParameterTable(seed);
        using DisposeScope scope = NewDisposeScope();
        _trunk = options.Trunk == "resnet50" ? new ResNet(Table, "trunk.", options) : new MobileNetV2(Table, "trunk.", options);

        int positions = options.MapSide * options.MapSide;
        (int wide, int narrow) = options.Mlp == AttentionMlp.Positions ? (positions, Math.Max(1, positions / options.MlpRatio)) : (1, 8);
        AddLinear("attention.mlp.0", wide, narrow);
        AddLinear("attention.mlp.2", narrow, wide);
        Table.AddParameter("attention.conv.weight", Table.Xavier([1, 3, 3, 3]));
        using Scalar start = options.AttentionBias;
        Table.AddParameter("attention.conv.bias", full(1, start)); // M starts near tanh(0.5) = 0.46

        _refineGlobal = options.Branches == Branches.Local && !options.ShareRefinement ? default : AddRefinement("refine_global.");
        _refineLocal = options.ShareRefinement ? _refineGlobal : options.Branches == Branches.Global ? default : AddRefinement("refine_local.");
        AddLinear("fc", options.RefinedWidth * (options.Branches == Branches.Both ? 2 : 1), options.HiddenWidth);
        AddLinear("hash", options.HiddenWidth, options.Bits);
        if (options.Labels.Length > 0)
            AddLinear("classifier", options.ClassifyFromHidden ? options.HiddenWidth : options.Bits, options.Labels.Length);
    }

    /// <summary>Shapes and switches.</summary>
    public HashNetOptions Options { get; }

    /// <summary>Every tensor by name.</summary>
    public ParameterTable Table { get; }

    /// <summary>Where the tensors are; <see cref="ParameterTable.To(Device)"/> moves them.</summary>
    public Device Device => Table["hash.weight"].device;

    /// <summary>Batch norm of everything but the trunk uses the batch's statistics; false for inference.</summary>
    public bool Training { get; set; }

    /// <summary>The same for the trunk; false keeps a pretrained trunk's statistics.</summary>
    public bool TrunkTraining { get; set; }

    /// <summary>The whole network: grey 0..1, [N, S, S] or [N, 1, S, S], or a prepared x [N, 3, S, S], to every intermediate.</summary>
    public HashNetOutput Forward(Tensor pixels) => Head(Features(pixels.Dimensions == 4 && pixels.shape[1] == 3 ? pixels : Prepare(pixels)));

    /// <summary>Grey [N, S, S] or [N, 1, S, S], 0..1 → x [N, 3, S, S] (or [N, 1, S, S]), scaled as the trunk expects.</summary>
    public Tensor Prepare(Tensor pixels) => PixelScaling.Apply(pixels, Options.InputSize, Options.Scaling, Options.StemChannels);

    /// <summary>The trunk alone: x [N, 3, S, S] → F [N, K, H, W].</summary>
    public Tensor Features(Tensor x) => UpperFeatures(LowerFeatures(x));

    /// <summary>The trunk through conv4_x: x [N, 3, S, S] → [N, K', S/16, S/16].</summary>
    public Tensor LowerFeatures(Tensor x) => _trunk.Lower(x, TrunkTraining);

    /// <summary>The rest of the trunk: [N, K', S/16, S/16] → F [N, K, H, W].</summary>
    public Tensor UpperFeatures(Tensor x) => _trunk.Upper(x, TrunkTraining);

    /// <summary>Whether a parameter belongs to the trunk, and there to the part through conv4_x.</summary>
    public (bool Trunk, bool Lower) Place(string parameter) =>
        parameter.StartsWith("trunk.", StringComparison.Ordinal) ? (true, _trunk.IsLower(parameter)) : (false, false);

    /// <summary>Everything after the trunk.</summary>
    public HashNetOutput Head(Tensor map)                                                         // F   [N, K, H, W]
    {
        Tensor pooled = functional.max_pool2d(map, 3, stride: 1, padding: 1);                     // F'  [N, K, H, W]
        Tensor maxPoint = pooled.amax([1], false);                                                // F_maxP [N, H, W]   eq. 1
        Tensor avgPoint = pooled.mean([1]);                                                       // F_avgP [N, H, W]   eq. 2
        Tensor largest = functional.max_pool2d(pooled, 3, stride: 1, padding: 1);                 // [N, K, H, W]
        Tensor maxPooled = Options.PooledMax ? largest.amax([1], false) : largest.mean([1]);      // F_max  [N, H, W]

        Tensor mlp = Mlp(Standard(stack([maxPoint, avgPoint, maxPooled], 1)));                    // [N, 3, H, W]
        Tensor kept = Options.Descriptors == Descriptors.All ? mlp : mlp * DescriptorMask(mlp.device);
        Tensor attention = functional.conv2d(kept, Table["attention.conv.weight"], Table["attention.conv.bias"], [1, 1], [1, 1]).tanh(); // M [N, 1, H, W]   eq. 3
        Tensor attended = attention * pooled;                                                     // F'' [N, K, H, W]   eq. 5

        Tensor? global = Options.Branches == Branches.Local ? null : Refine(_refineGlobal, map);      // [N, 256]
        Tensor? local = Options.Branches == Branches.Global ? null : Refine(_refineLocal, attended);  // [N, 256]
        Tensor fused = global is null ? local! : local is null ? global : cat([global, local], 1);    // [N, 512]
        Tensor hidden = functional.relu(Linear("fc", fused));                                     // h   [N, 512]
        Tensor code = Linear("hash", hidden);                                                     // u   [N, k]; b = u ≥ 0   eq. 7
        Tensor? logits = Options.Labels.Length == 0 ? null : Linear("classifier", Options.ClassifyFromHidden ? hidden : code); // [N, C]
        return new HashNetOutput(map, pooled, maxPoint, avgPoint, maxPooled, mlp, attention, attended, global, local, hidden, code, logits);
    }

    /// <summary>Folds every batch norm into its convolution; afterwards the network is for inference only.</summary>
    public void Fold()
    {
        _trunk.Fold();
        foreach ((ConvUnit One, ConvUnit Two, ConvUnit Skip) block in (ReadOnlySpan<(ConvUnit, ConvUnit, ConvUnit)>)[_refineGlobal, _refineLocal])
        {
            block.One?.Fold();
            block.Two?.Fold();
            block.Skip?.Fold();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Table.Dispose();

    /// <summary>Each map less its mean over its deviation, if the options say so: [N, 3, H, W] → [N, 3, H, W].</summary>
    private Tensor Standard(Tensor maps)
    {
        if (!Options.StandardDescriptors) return maps;
        Tensor centred = maps.Minus(maps.mean([2, 3], keepdim: true));
        return centred / (centred * centred).mean([2, 3], keepdim: true).Plus(LeastVariance).sqrt();
    }

    /// <summary>One MLP shared by the three descriptors: [N, 3, H, W] → [N, 3, H, W].</summary>
    private Tensor Mlp(Tensor maps)
    {
        long[] shape = maps.shape;
        Tensor x = Options.Mlp == AttentionMlp.Positions ? maps.flatten(2) : maps.unsqueeze(-1);  // [N, 3, HW] | [N, 3, H, W, 1]
        x = functional.relu(Linear("attention.mlp.0", x));                                        // [N, 3, HW/4] | [N, 3, H, W, 8]
        return Linear("attention.mlp.2", x).view(shape);                                          // [N, 3, H, W]
    }

    /// <summary>f: residual block at stride 2, 3×3 average, mean over positions (stride, average and shortcut are options); [N, K, H, W] → [N, 256].</summary>
    private Tensor Refine((ConvUnit One, ConvUnit Two, ConvUnit Skip) block, Tensor x)
    {
        Tensor y = functional.relu(block.One.Forward(x, Training));                               // [N, 256, H/2, W/2]
        y = functional.relu(block.Two.Forward(y, Training).Plus(block.Skip.Forward(x, Training)));    // [N, 256, H/2, W/2]
        if (Options.RefinePool)
            y = functional.avg_pool2d(y, 3, stride: 1, padding: 1);                               // padding counted
        return y.mean([2, 3]);                                                                    // [N, 256]
    }

    private (ConvUnit One, ConvUnit Two, ConvUnit Skip) AddRefinement(string name) => (
        new ConvUnit(Table, name + "conv1", name + "bn1", _trunk.Channels, Options.RefinedWidth, kernel: 3, Options.RefineStride),
        new ConvUnit(Table, name + "conv2", name + "bn2", Options.RefinedWidth, Options.RefinedWidth, kernel: 3),
        new ConvUnit(Table, name + "downsample.0", name + "downsample.1", _trunk.Channels, Options.RefinedWidth, Options.RefineSkip, Options.RefineStride));

    private void AddLinear(string name, int input, int output)
    {
        Table.AddParameter($"{name}.weight", Table.Xavier([output, input]));
        Table.AddParameter($"{name}.bias", zeros(output));
    }

    private Tensor Linear(string name, Tensor x) => functional.linear(x, Table[$"{name}.weight"], Table[$"{name}.bias"]);

    private Tensor DescriptorMask(Device device)
    {
        float Keep(Descriptors one) => Options.Descriptors.HasFlag(one) ? 1 : 0;
        return tensor((float[])[Keep(Descriptors.MaxPoint), Keep(Descriptors.AvgPoint), Keep(Descriptors.Pooled)], device: device).view(1, 3, 1, 1);
    }
}
