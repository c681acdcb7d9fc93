using static TorchSharp.torch;

namespace HashGrid.Model.Onnx;

/// <summary>What a trunk is written into; values are named, and their layout and precision are the graph's own.</summary>
internal interface INetworkGraph
{
    /// <summary>The network's input for a trunk's first convolution: grey 0..1, scaled, in that many equal channels.</summary>
    public string Pixels(InputScaling scaling, int channels = 3);

    /// <summary>Convolution with bias, then the activation.</summary>
    /// <param name="name">Of the layer, unique in the network: where its output's range is looked up.</param>
    /// <param name="x">The input.</param>
    /// <param name="weight">[output, input / groups, kernel, kernel].</param>
    /// <param name="bias">[output].</param>
    /// <param name="shape">Step, padding, groups.</param>
    /// <param name="activation">What follows.</param>
    public string Conv(string name, string x, Tensor weight, Tensor bias, ConvShape shape, Activation activation);

    /// <summary>Sum, then the activation.</summary>
    public string Add(string name, string x, string y, Activation activation);

    /// <summary>From here on in few bits, in a graph that has them; what comes before stays in float.</summary>
    /// <param name="name">Of the layer that made the value.</param>
    /// <param name="x">Its output.</param>
    public string Narrow(string name, string x);

    /// <summary>The largest of each window; the padding never wins.</summary>
    public string MaxPool(string x, long side, long stride, long padding);
}
