using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;
using static TorchSharp.torch;

namespace HashGrid.Model.Onnx;

/// <summary>Writes a network as an ONNX file, node by node; each method adds one node and returns the name of its output.</summary>
/// <remarks>
/// Opset 13, one image at a time. Field numbers are those of onnx.proto; only what the network needs is here, which is less than the generated code
/// of the whole format. Source: github.com/onnx/onnx, docs/IR.md and docs/Operators.md.
/// </remarks>
internal sealed class OnnxGraph
{
    public const string Input = "pixels";
    public const string Output = "u";

    private const int Float = 1, Int64 = 7; // TensorProto.DataType
    private const int AttributeInt = 2, AttributeInts = 7; // AttributeProto.AttributeType

    private readonly List<ByteString> _nodes = [];
    private readonly List<ByteString> _constants = [];
    private int _names;

    /// <summary>Convolution with bias; pads are top, left, bottom, right.</summary>
    public string Conv(string x, Tensor weight, Tensor bias, long stride, long[] pads, long groups)
    {
        long side = weight.shape[2];
        return Node("Conv", [x, Constant(weight), Constant(bias)], Ints("kernel_shape", side, side), Ints("strides", stride, stride), Ints("pads", pads), Int("group", groups));
    }

    public string Relu(string x) => Node("Relu", [x]);

    public string Relu6(string x) => Node("Clip", [x, Constant([0f], []), Constant([6f], [])]);

    public string Tanh(string x) => Node("Tanh", [x]);

    public string Add(string x, string y) => Node("Add", [x, y]);

    public string Multiply(string x, string y) => Node("Mul", [x, y]);

    public string MaxPool(string x, long side, long stride, long padding) =>
        Node("MaxPool", [x], Ints("kernel_shape", side, side), Ints("strides", stride, stride), Ints("pads", padding, padding, padding, padding));

    /// <summary>Zeros of the padding count.</summary>
    public string AveragePool(string x, long side, long padding) =>
        Node("AveragePool", [x], Ints("kernel_shape", side, side), Ints("pads", padding, padding, padding, padding), Int("count_include_pad", 1));

    /// <summary>Maximum over one dimension, which stays with length 1.</summary>
    public string Max(string x, long dimension) => Node("ReduceMax", [x], Ints("axes", dimension), Int("keepdims", 1));

    /// <summary>Mean over dimensions, which stay with length 1 or go.</summary>
    public string Mean(string x, bool keep, params long[] dimensions) => Node("ReduceMean", [x], Ints("axes", dimensions), Int("keepdims", keep ? 1 : 0));

    public string Concat(long dimension, params string[] parts) => Node("Concat", parts, Int("axis", dimension));

    public string Reshape(string x, params long[] shape) => Node("Reshape", [x, Constant(shape)]);

    /// <summary>x · weightᵀ + bias; x of any number of dimensions.</summary>
    public string Linear(string x, Tensor weight, Tensor bias)
    {
        using Tensor transposed = weight.t();
        return Add(Node("MatMul", [x, Constant(transposed)]), Constant(bias));
    }

    /// <summary>A constant float tensor.</summary>
    public string Constant(Tensor value)
    {
        using Tensor plain = value.detach().cpu().to_type(ScalarType.Float32).contiguous();
        return Constant(plain.data<float>().ToArray(), plain.shape);
    }

    /// <summary>A constant float tensor.</summary>
    public string Constant(float[] values, long[] shape) => Constant(Float, shape, MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    /// <summary>The file: grey pixels [1, 1, side, side] in, <paramref name="output"/> [1, bits] out.</summary>
    public byte[] ToModel(string output, int side, int bits)
    {
        _nodes.Add(Message(node =>
        {
            Text(node, 1, output);
            Text(node, 2, Output);
            Text(node, 4, "Identity");
        }));
        ByteString graph = Message(message =>
        {
            foreach (ByteString node in _nodes) Bytes(message, 1, node);
            Text(message, 2, "hashnet");
            foreach (ByteString constant in _constants) Bytes(message, 5, constant);
            Bytes(message, 11, ValueInfo(Input, 1, 1, side, side));
            Bytes(message, 12, ValueInfo(Output, 1, bits));
        });
        return Message(model =>
        {
            Number(model, 1, 8); // ir_version
            Text(model, 2, "HashGrid");
            Bytes(model, 7, graph);
            Bytes(model, 8, Message(opset => Number(opset, 2, 13)));
        }).ToByteArray();
    }

    private string Constant(long[] values) => Constant(Int64, [values.Length], MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    private string Constant(int type, long[] shape, byte[] data)
    {
        string name = NextName("c");
        _constants.Add(Message(tensor =>
        {
            foreach (long length in shape) Number(tensor, 1, length);
            Number(tensor, 2, type);
            Text(tensor, 8, name);
            Bytes(tensor, 9, UnsafeByteOperations.UnsafeWrap(data));
        }));
        return name;
    }

    private string Node(string type, string[] inputs, params ByteString[] attributes)
    {
        string output = NextName("v");
        _nodes.Add(Message(node =>
        {
            foreach (string input in inputs) Text(node, 1, input);
            Text(node, 2, output);
            Text(node, 4, type);
            foreach (ByteString attribute in attributes) Bytes(node, 5, attribute);
        }));
        return output;
    }

    private string NextName(string prefix) => prefix + (_names++).ToString(CultureInfo.InvariantCulture);

    private static ByteString Int(string name, long value) => Message(attribute =>
    {
        Text(attribute, 1, name);
        Number(attribute, 3, value);
        Number(attribute, 20, AttributeInt);
    });

    private static ByteString Ints(string name, params long[] values) => Message(attribute =>
    {
        Text(attribute, 1, name);
        foreach (long value in values) Number(attribute, 8, value);
        Number(attribute, 20, AttributeInts);
    });

    private static ByteString ValueInfo(string name, params long[] shape) => Message(info =>
    {
        Text(info, 1, name);
        Bytes(info, 2, Message(type => Bytes(type, 1, Message(tensor =>
        {
            Number(tensor, 1, Float);
            Bytes(tensor, 2, Message(dimensions =>
            {
                foreach (long length in shape) Bytes(dimensions, 1, Message(dimension => Number(dimension, 1, length)));
            }));
        }))));
    });

    private static ByteString Message(Action<CodedOutputStream> write)
    {
        using var buffer = new MemoryStream();
        using (var output = new CodedOutputStream(buffer, leaveOpen: true)) write(output);
        return UnsafeByteOperations.UnsafeWrap(buffer.ToArray());
    }

    private static void Number(CodedOutputStream to, int field, long value)
    {
        to.WriteTag(field, WireFormat.WireType.Varint);
        to.WriteInt64(value);
    }

    private static void Text(CodedOutputStream to, int field, string value)
    {
        to.WriteTag(field, WireFormat.WireType.LengthDelimited);
        to.WriteString(value);
    }

    private static void Bytes(CodedOutputStream to, int field, ByteString value)
    {
        to.WriteTag(field, WireFormat.WireType.LengthDelimited);
        to.WriteBytes(value);
    }
}
