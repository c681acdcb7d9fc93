using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;
using static TorchSharp.torch;

namespace HashGrid.Model.Onnx;

/// <summary>Writes an ONNX file, node by node; each method adds one node or constant and returns the name of its value.</summary>
/// <remarks>
/// Opset 13 and ONNX Runtime's own operators. Field numbers are those of onnx.proto; only what the network needs is here, which is less than the
/// generated code of the whole format. Source: github.com/onnx/onnx, docs/IR.md and docs/Operators.md; ContribOperators.md of ONNX Runtime.
/// </remarks>
internal sealed class OnnxGraph
{
    public const string Input = "pixels";
    public const string Output = "u";

    private const int Float = 1, UInt8 = 2, Int8 = 3, Int32 = 6, Int64 = 7; // TensorProto.DataType
    private const string RuntimeDomain = "com.microsoft";
    private const int AttributeInt = 2, AttributeInts = 7; // AttributeProto.AttributeType

    private readonly List<ByteString> _nodes = [];
    private readonly List<ByteString> _constants = [];
    private int _names;

    /// <summary>One operator of the standard.</summary>
    public string Node(string type, string[] inputs, params ByteString[] attributes) => Node("", type, inputs, attributes);

    /// <summary>One of ONNX Runtime's own operators.</summary>
    public string RuntimeNode(string type, string[] inputs, params ByteString[] attributes) => Node(RuntimeDomain, type, inputs, attributes);

    public string Relu(string x) => Node("Relu", [x]);

    public string Tanh(string x) => Node("Tanh", [x]);

    public string Add(string x, string y) => Node("Add", [x, y]);

    public string Multiply(string x, string y) => Node("Mul", [x, y]);

    /// <summary>Maximum over one dimension, which stays with length 1.</summary>
    public string Max(string x, long dimension) => Node("ReduceMax", [x], Ints("axes", dimension), Int("keepdims", 1));

    /// <summary>Mean over dimensions, which stay with length 1 or go.</summary>
    public string Mean(string x, bool keep, params long[] dimensions) => Node("ReduceMean", [x], Ints("axes", dimensions), Int("keepdims", keep ? 1 : 0));

    public string Concat(long dimension, params string[] parts) => Node("Concat", parts, Int("axis", dimension));

    public string Reshape(string x, params long[] shape) => Node("Reshape", [x, Constant(shape)]);

    public string Transpose(string x, params long[] order) => Node("Transpose", [x], Ints("perm", order));

    /// <summary>Convolution of channels-first floats, with bias.</summary>
    public string Conv(string x, Tensor weight, Tensor bias, ConvShape shape) =>
        Node("Conv", [x, Constant(weight), Constant(bias)], shape.Attributes(weight.shape[2]));

    /// <summary>x · weightᵀ + bias; x of any number of dimensions.</summary>
    public string Linear(string x, Tensor weight, Tensor bias)
    {
        using Tensor transposed = weight.t();
        return Add(Node("MatMul", [x, Constant(transposed)]), Constant(bias));
    }

    /// <summary>A constant float tensor.</summary>
    public string Constant(Tensor value) => Constant(Values(value), value.shape);

    /// <summary>A constant float tensor; no dimensions: one number.</summary>
    public string Constant(float[] values, params long[] shape) => Constant(Float, shape, MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    /// <summary>A constant tensor of unsigned bytes.</summary>
    public string Constant(byte[] values, params long[] shape) => Constant(UInt8, shape, values);

    /// <summary>A constant tensor of signed bytes.</summary>
    public string Constant(sbyte[] values, params long[] shape) => Constant(Int8, shape, MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    /// <summary>Weights in the order they have; unsigned, they and their zero are moved up by 128, and every sum of products stays what it is.</summary>
    public string Weights(sbyte[] values, bool signed, params long[] shape) =>
        signed ? Constant(values, shape) : Constant(Array.ConvertAll(values, value => (byte)(value + 128)), shape);

    /// <summary>A constant tensor of 32-bit integers.</summary>
    public string Constant(int[] values, params long[] shape) => Constant(Int32, shape, MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    /// <summary>An attribute of one integer.</summary>
    public static ByteString Int(string name, long value) => Message(attribute =>
    {
        Text(attribute, 1, name);
        Number(attribute, 3, value);
        Number(attribute, 20, AttributeInt);
    });

    /// <summary>An attribute of several integers.</summary>
    public static ByteString Ints(string name, params long[] values) => Message(attribute =>
    {
        Text(attribute, 1, name);
        foreach (long value in values) Number(attribute, 8, value);
        Number(attribute, 20, AttributeInts);
    });

    /// <summary>A tensor's values as plain floats.</summary>
    public static float[] Values(Tensor value)
    {
        using Tensor detached = value.detach();
        using Tensor here = detached.cpu();
        using Tensor single = here.to_type(ScalarType.Float32);
        using Tensor plain = single.contiguous();
        return plain.data<float>().ToArray();
    }

    /// <summary>The file: grey pixels [1, 1, side, side] in, <paramref name="output"/> [1, bits] out.</summary>
    /// <param name="output">The value that is given back under the name <see cref="Output"/>.</param>
    /// <param name="side">Side of the input.</param>
    /// <param name="bits">Length of the output.</param>
    /// <param name="observed">Further values that are given back, under their own names.</param>
    public byte[] ToModel(string output, int side, int bits, IEnumerable<string>? observed = null)
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
            foreach (string value in observed ?? []) Bytes(message, 12, ValueInfo(value));
        });
        return Message(model =>
        {
            Number(model, 1, 8); // ir_version
            Text(model, 2, "HashGrid");
            Bytes(model, 7, graph);
            Bytes(model, 8, Message(opset => Number(opset, 2, 13)));
            Bytes(model, 8, Message(opset =>
            {
                Text(opset, 1, RuntimeDomain);
                Number(opset, 2, 1);
            }));
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

    private string Node(string domain, string type, string[] inputs, ByteString[] attributes)
    {
        string output = NextName("v");
        _nodes.Add(Message(node =>
        {
            foreach (string input in inputs) Text(node, 1, input);
            Text(node, 2, output);
            Text(node, 4, type);
            foreach (ByteString attribute in attributes) Bytes(node, 5, attribute);
            if (domain.Length > 0) Text(node, 7, domain);
        }));
        return output;
    }

    private string NextName(string prefix) => prefix + (_names++).ToString(CultureInfo.InvariantCulture);

    private static ByteString ValueInfo(string name, params long[] shape) => Message(info =>
    {
        Text(info, 1, name);
        Bytes(info, 2, Message(type => Bytes(type, 1, Message(tensor =>
        {
            Number(tensor, 1, Float);
            if (shape.Length == 0) return; // left to the runtime
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
