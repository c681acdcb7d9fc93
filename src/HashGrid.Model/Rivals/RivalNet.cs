using HashGrid.Model.Onnx;
using HashGrid.Model.Runtime;
using HashGrid.Model.Trunks;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Rivals;

/// <summary>A model that the paper's network is compared with.</summary>
/// <remarks>One thread at a time. Owns its tensors.</remarks>
public abstract class RivalNet : IHashModel
{
    private protected RivalNet(RivalOptions options, ulong seed) => (Options, Table) = (options, new ParameterTable(seed));

    /// <summary>What it is.</summary>
    public RivalOptions Options { get; }

    /// <inheritdoc/>
    public ParameterTable Table { get; }

    /// <inheritdoc/>
    public int Bits => Options.Bits;

    /// <inheritdoc/>
    public int InputSize => Options.InputSize;

    /// <summary>Batch norm uses the batch's statistics; false for inference.</summary>
    public bool Training { get; set; }

    /// <summary>Creates a model with initial weights.</summary>
    /// <param name="options">Method and shapes.</param>
    /// <param name="seed">Seed of the initial weights.</param>
    /// <exception cref="ArgumentException">The options disagree; the message lists every problem.</exception>
    /// <exception cref="TorchRuntimeException">libtorch cannot be loaded.</exception>
    public static RivalNet Create(RivalOptions options, ulong seed = 1)
    {
        IReadOnlyList<string> problems = options.Validate();
        if (problems.Count > 0)
            throw new ArgumentException(string.Join("; ", problems), nameof(options));
        TorchRuntime.EnsureLoaded();
        using DisposeScope scope = NewDisposeScope();
        return options.Method switch
        {
            RivalMethod.Dsh => new DshNet(options, seed),
            RivalMethod.Ath => new AthNet(options, seed),
            _ => new PooledNet(options, seed),
        };
    }

    /// <inheritdoc/>
    public abstract Tensor Codes(Tensor pixels);

    /// <inheritdoc/>
    public abstract void Fold();

    /// <inheritdoc/>
    byte[] IHashModel.Export()
    {
        var graph = new FloatGraph();
        return graph.File.ToModel(Export(graph), InputSize, Bits);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Table.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected abstract string Export(FloatGraph graph);

    private protected void AddLinear(string name, int input, int output)
    {
        Table.AddParameter($"{name}.weight", Table.Xavier([output, input]));
        Table.AddParameter($"{name}.bias", zeros(output));
    }

    private protected Tensor Linear(string name, Tensor x) => nn.functional.linear(x, Table[$"{name}.weight"], Table[$"{name}.bias"]);

    private protected string ExportLinear(FloatGraph graph, string name, string x) => graph.File.Linear(x, Table[$"{name}.weight"], Table[$"{name}.bias"]);

    /// <summary>Mean of 3 × 3 with a border of zeros that count, as a convolution of each channel alone: that takes any stride.</summary>
    private protected static string ExportAverage(FloatGraph graph, string x, int channels, int stride)
    {
        using Scalar ninth = 1.0 / 9;
        using Tensor weight = full([channels, 1, 3, 3], ninth, ScalarType.Float32), bias = zeros(channels);
        return graph.File.Conv(x, weight, bias, new ConvShape(stride, 1, 1, channels));
    }
}
