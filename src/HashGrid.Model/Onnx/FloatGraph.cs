using static TorchSharp.torch;

namespace HashGrid.Model.Onnx;

/// <summary>The network in float32, channels first; ONNX Runtime chooses the layout in memory.</summary>
internal sealed class FloatGraph : INetworkGraph
{
    private string _grey = "";
    private bool _isNarrow;

    /// <summary>For what only this form has.</summary>
    public OnnxGraph File { get; } = new();

    /// <summary>Every layer whose output a quantised network would store, in order, with that output.</summary>
    public List<(string Layer, string Value)> Stored { get; } = [];

    public string Pixels(InputScaling scaling, int channels = 3)
    {
        (float[] scale, float[] shift) = PixelScaling.Channels(scaling, channels);
        // Three equal channels are one: the first layer's weights are added up instead.
        bool sum = channels == 3 && scaling == InputScaling.Symmetric;
        if (sum) channels = 1;
        string x = File.Multiply(OnnxGraph.Input, File.Constant(scale[..channels], 1, channels, 1, 1));
        x = File.Add(x, File.Constant(shift[..channels], 1, channels, 1, 1));
        if (sum) _grey = x;
        return x;
    }

    public string Conv(string name, string x, Tensor weight, Tensor bias, ConvShape shape, Activation activation)
    {
        using Tensor? sum = x == _grey ? weight.sum(1, keepdim: true) : null;
        return Store(name, Activate(File.Conv(x, sum ?? weight, bias, shape), activation));
    }

    public string Add(string name, string x, string y, Activation activation) => Store(name, Activate(File.Add(x, y), activation));

    public string Narrow(string name, string x)
    {
        _isNarrow = true;
        return Store(name, x);
    }

    public string MaxPool(string x, long side, long stride, long padding) =>
        File.Node("MaxPool", [x], OnnxGraph.Ints("kernel_shape", side, side), OnnxGraph.Ints("strides", stride, stride), OnnxGraph.Ints("pads", padding, padding, padding, padding));

    /// <summary>Zeros of the padding count.</summary>
    public string AveragePool(string x, long side, long padding) =>
        File.Node("AveragePool", [x], OnnxGraph.Ints("kernel_shape", side, side), OnnxGraph.Ints("pads", padding, padding, padding, padding), OnnxGraph.Int("count_include_pad", 1));

    /// <summary>Notes that a quantised network would store this value, unless it lies before <see cref="Narrow"/>.</summary>
    public string Store(string name, string value)
    {
        if (_isNarrow) Stored.Add((name, value));
        return value;
    }

    private string Activate(string x, Activation activation) => activation switch
    {
        Activation.None => x,
        Activation.Relu => File.Relu(x),
        Activation.Relu6 => File.Node("Clip", [x, File.Constant([0f]), File.Constant([6f])]),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "unknown activation"),
    };
}
