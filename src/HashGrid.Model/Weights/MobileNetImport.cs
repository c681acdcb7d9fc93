using System.Runtime.InteropServices;
using System.Text.Json;

namespace HashGrid.Model.Weights;

/// <summary>Reads the ImageNet MobileNetV2 whose 8-bit weights ship in <c>models/imagenet</c> (a list of layers in JSON, their bytes beside it).</summary>
/// <remarks>real = (q − zero point) · scale; biases are float32; batch norm is folded in. Layers come in the order of the forward pass, the classifier last.</remarks>
public static class MobileNetImport
{
    /// <summary>The options that make the trunk compute what these weights were trained for.</summary>
    public static HashNetOptions Options(HashNetOptions options) =>
        options with { Trunk = "mobilenet_v2", TrunkFolded = true, SamePadding = true, Scaling = InputScaling.Symmetric, InputSize = 224 };

    /// <summary>Every tensor under torchvision's names behind <c>trunk.</c>, and the ImageNet classifier as <c>classifier.weight</c> [1001, 1280] and <c>classifier.bias</c>.</summary>
    /// <param name="jsonPath">The list; the bytes lie beside it with the extension .bin.</param>
    /// <exception cref="ModelFileException">A file is missing or malformed.</exception>
    public static IReadOnlyDictionary<string, SafetensorsEntry> Read(string jsonPath)
    {
        try
        {
            byte[] bytes = File.ReadAllBytes(Path.ChangeExtension(jsonPath, ".bin"));
            using JsonDocument list = JsonDocument.Parse(File.ReadAllBytes(jsonPath));
            var tensors = new Dictionary<string, SafetensorsEntry>();
            string[] names = [.. Names()];
            int index = 0;
            foreach (JsonElement layer in list.RootElement.GetProperty("layers").EnumerateArray())
            {
                if (!layer.TryGetProperty("weight", out JsonElement weight))
                    continue;
                string name = index < names.Length ? names[index++] : throw new InvalidDataException($"more than {names.Length} layers with weights");
                tensors[$"{name}.weight"] = Weight(weight, bytes, flat: name == "classifier");
                JsonElement bias = layer.GetProperty("bias");
                long[] shape = Shape(bias);
                tensors[$"{name}.bias"] = new SafetensorsEntry("F32", shape, bytes.AsMemory(bias.GetProperty("offset").GetInt32(), checked((int)shape[0] * 4)));
            }
            return index == names.Length ? tensors : throw new InvalidDataException($"{index} layers with weights, expected {names.Length}");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or JsonException or InvalidDataException or KeyNotFoundException
            or InvalidOperationException or ArgumentException or FormatException)
        {
            throw new ModelFileException($"ImageNet trunk '{jsonPath}' cannot be read: {failure.Message}", failure);
        }
    }

    /// <summary>Puts the trunk's tensors into a network made with <see cref="Options"/>.</summary>
    /// <exception cref="ModelFileException">The network has another trunk.</exception>
    public static void FillTrunk(HashNet net, IReadOnlyDictionary<string, SafetensorsEntry> tensors)
    {
        using IDisposable frozen = TorchSharp.torch.no_grad();
        foreach (string name in net.Table.Names.Where(name => name.StartsWith("trunk.", StringComparison.Ordinal)))
        {
            SafetensorsEntry entry = tensors.GetValueOrDefault(name) ?? throw new ModelFileException($"the ImageNet trunk has no tensor '{name}'; expected the options of {nameof(MobileNetImport)}");
            using TorchSharp.torch.Tensor stored = ModelFile.ToTensor(entry, name, "the ImageNet trunk"), value = TorchvisionImport.ForGrey(stored, net.Table[name]);
            net.Table[name].copy_(value);
        }
    }

    /// <summary>Names in the order of the list: stem, then per block expansion (not in the first), depthwise, projection; last convolution; classifier.</summary>
    private static IEnumerable<string> Names()
    {
        yield return "trunk.features.0.0";
        for (int block = 1; block <= 17; block++)
        {
            int at = 0;
            if (block > 1)
                yield return $"trunk.features.{block}.conv.{at++}.0";
            yield return $"trunk.features.{block}.conv.{at}.0";
            yield return $"trunk.features.{block}.conv.{at + 1}";
        }
        yield return "trunk.features.18.0";
        yield return "classifier";
    }

    private static long[] Shape(JsonElement tensor) => [.. tensor.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())];

    /// <summary>Dequantises and turns [output, row, column, input] (depthwise: [1, row, column, channel]) into [output, input, row, column].</summary>
    private static SafetensorsEntry Weight(JsonElement weight, byte[] bytes, bool flat)
    {
        long[] shape = Shape(weight);
        float scale = weight.GetProperty("scale").GetSingle();
        int zero = weight.GetProperty("zero_point").GetInt32(), offset = weight.GetProperty("offset").GetInt32();
        bool depthwise = weight.GetProperty("layout").GetString() != "OHWI";
        (int output, int input) = depthwise ? ((int)shape[3], 1) : ((int)shape[0], (int)shape[3]);
        int area = (int)(shape[1] * shape[2]);
        float[] values = new float[output * input * area];
        for (int o = 0; o < output; o++)
            for (int i = 0; i < input; i++)
                for (int p = 0; p < area; p++)
                    values[(o * input + i) * area + p] = (bytes[offset + (depthwise ? p * output + o : (o * area + p) * input + i)] - zero) * scale;
        return new SafetensorsEntry("F32", flat ? [output, input] : [output, input, shape[1], shape[2]], MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
    }
}
