using Google.Protobuf;

namespace HashGrid.Model.Onnx;

/// <summary>How a square kernel passes over its input.</summary>
/// <param name="Stride">Step.</param>
/// <param name="Before">Zeros above and left.</param>
/// <param name="After">Zeros below and right.</param>
/// <param name="Groups">1, or the channels of a depthwise convolution.</param>
internal readonly record struct ConvShape(long Stride, long Before, long After, long Groups)
{
    public ByteString[] Attributes(long kernel) =>
    [
        OnnxGraph.Ints("kernel_shape", kernel, kernel),
        OnnxGraph.Ints("strides", Stride, Stride),
        OnnxGraph.Ints("pads", Before, Before, After, After),
        OnnxGraph.Int("group", Groups),
    ];
}
