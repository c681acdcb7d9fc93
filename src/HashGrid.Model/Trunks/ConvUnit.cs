using HashGrid.Model.Onnx;
using HashGrid.Model.Runtime;
using static TorchSharp.torch;

namespace HashGrid.Model.Trunks;

/// <summary>A convolution and, unless folded, its batch norm (ε = 1e-5, momentum 0.1).</summary>
/// <remarks>Not a <c>Module</c>: names such as <c>layer1.0.conv1</c> and <c>layer1.0.bn1</c> are torchvision's, which a tree of modules would have to be bent for.</remarks>
public sealed class ConvUnit
{
    private const double Epsilon = 1e-5;
    private readonly ParameterTable _table;
    private readonly string _conv;
    private readonly string? _norm;
    private readonly int _kernel, _stride, _groups;
    private readonly bool _same;
    private bool _folded;

    /// <summary>Registers the unit's tensors in the table: weight [output, input / groups, kernel, kernel] by He's rule (fan out), then bias, or batch norm at 1 and 0.</summary>
    /// <param name="table">Receives the tensors.</param>
    /// <param name="conv">Name of the convolution.</param>
    /// <param name="norm">Name of the batch norm; null: the convolution has a bias.</param>
    /// <param name="input">Channels in.</param>
    /// <param name="output">Channels out.</param>
    /// <param name="kernel">Side of the kernel.</param>
    /// <param name="stride">Step.</param>
    /// <param name="groups">1, or <paramref name="input"/> for a depthwise convolution.</param>
    /// <param name="same">TensorFlow's SAME padding.</param>
    public ConvUnit(ParameterTable table, string conv, string? norm, int input, int output, int kernel, int stride = 1, int groups = 1, bool same = false)
    {
        (_table, _conv, _norm, _kernel, _stride, _groups, _same) = (table, conv, norm, kernel, stride, groups, same);
        _folded = norm is null;
        double deviation = Math.Sqrt(2.0 / (output / groups * kernel * kernel));
        table.AddParameter($"{conv}.weight", table.Normal([output, input / groups, kernel, kernel], deviation));
        if (norm is null)
        {
            table.AddParameter($"{conv}.bias", zeros(output));
            return;
        }
        table.AddParameter($"{norm}.weight", ones(output));
        table.AddParameter($"{norm}.bias", zeros(output));
        table.AddBuffer($"{norm}.running_mean", zeros(output));
        table.AddBuffer($"{norm}.running_var", ones(output));
    }

    /// <summary>[N, input, H, W] → [N, output, H / stride, W / stride], no activation.</summary>
    /// <param name="x">The input.</param>
    /// <param name="training">Batch norm uses the batch's statistics and updates the running ones.</param>
    public Tensor Forward(Tensor x, bool training)
    {
        (long before, long after) = Padding(x.shape[2]);
        if (before != after) // uneven: zeros explicitly, one more at the end
        {
            x = nn.functional.pad(x, [before, after, before, after]);
            before = 0;
        }
        Tensor? bias = _folded ? _table[$"{_conv}.bias"] : null;
        x = nn.functional.conv2d(x, _table[$"{_conv}.weight"], bias, [_stride, _stride], [before, before], [1, 1], _groups);
        return _folded ? x : nn.functional.batch_norm(x, _table[$"{_norm}.running_mean"], _table[$"{_norm}.running_var"],
            _table[$"{_norm}.weight"], _table[$"{_norm}.bias"], training, 0.1, Epsilon);
    }

    /// <summary>Name of the convolution.</summary>
    internal string Name => _conv;

    /// <summary>Writes the folded unit and what follows it into a graph; <paramref name="side"/> becomes that of the output.</summary>
    internal string Export(INetworkGraph graph, string x, ref int side, Activation activation)
    {
        (long before, long after) = Padding(side);
        side = (int)((side + before + after - _kernel) / _stride) + 1;
        return graph.Conv(_conv, x, _table[$"{_conv}.weight"], _table[$"{_conv}.bias"], new ConvShape(_stride, before, after, _groups), activation);
    }

    /// <summary>Zeros before and after a row of that length.</summary>
    private (long Before, long After) Padding(long side)
    {
        if (!_same) return ((_kernel - 1) / 2, (_kernel - 1) / 2);
        long total = Math.Max(((((side + _stride - 1) / _stride) - 1) * _stride) + _kernel - side, 0);
        return (total / 2, total - (total / 2));
    }

    /// <summary>Folds batch norm into the convolution: w' = w·γ / √(σ² + ε), b' = β − μ·γ / √(σ² + ε). For inference only.</summary>
    public void Fold()
    {
        if (_folded)
            return;
        using (no_grad())
        using (NewDisposeScope())
        {
            Tensor scale = _table[$"{_norm}.weight"] / _table[$"{_norm}.running_var"].Plus(Epsilon).sqrt();
            Tensor weight = _table[$"{_conv}.weight"] * scale.view(-1, 1, 1, 1);
            Tensor bias = _table[$"{_norm}.bias"].Minus(_table[$"{_norm}.running_mean"] * scale);
            _table.Replace($"{_conv}.weight", weight);
            _table.AddBuffer($"{_conv}.bias", bias);
        }
        foreach (string part in (string[])["weight", "bias", "running_mean", "running_var"])
            _table.Remove($"{_norm}.{part}");
        _folded = true;
    }
}
