using HashGrid.Model.Calibration;
using HashGrid.Model.Runtime;
using static TorchSharp.torch;

namespace HashGrid.Model.Onnx;

/// <summary>The network in 8-bit integers: activations in unsigned bytes, channels last, weights in signed bytes with a scale for each output channel.</summary>
/// <remarks>
/// The trunk's first layers stay in float, up to <see cref="Narrow"/>: they have few channels to work on, where bytes win no time, and their rounding
/// would reach furthest. Unsigned times signed is what the CPU's dot-product instructions take (VNNI); elsewhere <see cref="ByteArithmetic"/> may want the same weights unsigned, around 128. Channels last is the order in which ONNX Runtime's kernels for bytes
/// work: written so from the start, nothing has to be transposed. An activation is the range of its layer's output: bytes saturate at both ends.
/// </remarks>
internal sealed class Int8Graph : INetworkGraph
{
    private readonly LayerRanges _ranges;
    private readonly bool _signed;
    private readonly Dictionary<string, ByteRange> _stored = [];
    private readonly FloatGraph _start = new();

    /// <param name="ranges">Of every layer's output, by its name.</param>
    /// <param name="signed">Weights as signed bytes, or as unsigned ones around 128; the sums are the same.</param>
    public Int8Graph(LayerRanges ranges, bool signed) => (_ranges, _signed) = (ranges, signed);

    /// <summary>For what only this form has.</summary>
    public OnnxGraph File => _start.File;

    public string Pixels(InputScaling scaling, int channels = 3) => _start.Pixels(scaling, channels);

    public string Conv(string name, string x, Tensor weight, Tensor bias, ConvShape shape, Activation activation)
    {
        if (!_stored.TryGetValue(x, out ByteRange input)) return _start.Conv(name, x, weight, bias, shape, activation);
        ByteRange output = RangeOf(name, activation);
        float[] weights = OnnxGraph.Values(weight), biases = OnnxGraph.Values(bias);
        int channels = biases.Length;

        // A dead channel has no weights but may have a bias, which a tiny scale would push out of its 32 bits.
        float[] least = Array.ConvertAll(biases, one => Math.Abs(one) / (input.Scale * (1 << 30)));
        Int8Weights bytes = Int8Weights.Of(weights, least);
        var sums = new int[channels];
        for (int channel = 0; channel < channels; channel++) sums[channel] = (int)MathF.Round(biases[channel] / (input.Scale * bytes.Scales[channel]));
        long kernel = weight.shape[2];
        string result = File.RuntimeNode(
            "QLinearConv",
            [
                x, File.Constant([input.Scale]), File.Constant([input.Zero]),
                File.Weights(bytes.Values, _signed, weight.shape), File.Constant(bytes.Scales, channels), File.Weights(new sbyte[channels], _signed, channels),
                File.Constant([output.Scale]), File.Constant([output.Zero]), File.Constant(sums, channels),
            ],
            [.. shape.Attributes(kernel), OnnxGraph.Int("channels_last", 1)]);
        _stored[result] = output;
        return result;
    }

    public string Add(string name, string x, string y, Activation activation)
    {
        (ByteRange one, ByteRange two, ByteRange output) = (_stored[x], _stored[y], RangeOf(name, activation));
        string result = File.RuntimeNode("QLinearAdd",
        [
            x, File.Constant([one.Scale]), File.Constant([one.Zero]),
            y, File.Constant([two.Scale]), File.Constant([two.Zero]),
            File.Constant([output.Scale]), File.Constant([output.Zero]),
        ]);
        _stored[result] = output;
        return result;
    }

    public string Narrow(string name, string x)
    {
        ByteRange range = RangeOf(name, Activation.None);
        string result = File.Transpose(Quantise(x, range), 0, 2, 3, 1);
        _stored[result] = range;
        return result;
    }

    public string MaxPool(string x, long side, long stride, long padding)
    {
        string result = File.RuntimeNode("NhwcMaxPool", [x],
            OnnxGraph.Ints("kernel_shape", side, side), OnnxGraph.Ints("strides", stride, stride), OnnxGraph.Ints("pads", padding, padding, padding, padding));
        _stored[result] = _stored[x];
        return result;
    }

    /// <summary>The bytes as floats.</summary>
    public string Floats(string x) => File.Node("DequantizeLinear", [x, File.Constant([_stored[x].Scale]), File.Constant([_stored[x].Zero])]);

    /// <summary>Floats, channels last, as bytes.</summary>
    public string Bytes(string name, string x)
    {
        ByteRange range = RangeOf(name, Activation.None);
        string result = Quantise(x, range);
        _stored[result] = range;
        return result;
    }

    /// <summary>Greatest of all channels: bytes [1, H, W, C] → floats [1, 1, H · W].</summary>
    public string GreatestChannel(string x, int channelCount, int positions)
    {
        string greatest = File.Max(File.Reshape(x, 1, positions, channelCount), 2);
        _stored[greatest] = _stored[x];
        return File.Reshape(Floats(greatest), 1, 1, positions);
    }

    /// <summary>Mean of all channels: bytes [1, H, W, C] → floats [1, 1, H · W]. The sums are exact integers.</summary>
    public string MeanChannel(string x, int channelCount, int positions)
    {
        var ones = new sbyte[channelCount];
        Array.Fill(ones, (sbyte)1);
        string sums = File.Node("MatMulInteger", [File.Reshape(x, positions, channelCount), File.Constant(ones, channelCount, 1), File.Constant([_stored[x].Zero])]);
        string floats = File.Multiply(File.Node("Cast", [sums], OnnxGraph.Int("to", 1)), File.Constant([_stored[x].Scale / channelCount]));
        return File.Reshape(floats, 1, 1, positions);
    }

    private string Quantise(string x, ByteRange range) => File.Node("QuantizeLinear", [x, File.Constant([range.Scale]), File.Constant([range.Zero])]);

    private ByteRange RangeOf(string name, Activation activation)
    {
        if (!_ranges.Layers.TryGetValue(name, out (float Low, float High) range))
            throw new ModelFileException($"the weights hold no {LayerRanges.Key} for layer '{name}'; calibrate them again");
        return ByteRange.Of(activation == Activation.None ? range.Low : 0, activation == Activation.Relu6 ? Math.Min(range.High, 6) : range.High);
    }
}
