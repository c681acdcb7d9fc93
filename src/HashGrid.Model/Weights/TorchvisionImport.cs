namespace HashGrid.Model.Weights;

/// <summary>Puts a torchvision checkpoint (ResNet-50 or MobileNetV2, converted to safetensors) into a network's trunk.</summary>
/// <remarks>Names are torchvision's (<c>layer1.0.conv1.weight</c>, <c>features.1.conv.0.0.weight</c>), or those of a HashGrid file, which puts <c>trunk.</c> before them.</remarks>
public static class TorchvisionImport
{
    private const string Prefix = "trunk.";

    /// <summary>Fills the trunk; the rest of the network, and the checkpoint's classifier, stay aside.</summary>
    /// <param name="net">With its batch norms apart (<see cref="HashNetOptions.TrunkFolded"/> is false) unless the file is HashGrid's own.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="ModelFileException">The file cannot be read, lacks a tensor, has one of another shape, or belongs to a larger network of the same kind.</exception>
    public static void FillTrunk(HashNet net, string path)
    {
        IReadOnlyDictionary<string, SafetensorsEntry> tensors = SafetensorsFile.Read(path).Tensors;
        string prefix = tensors.Keys.Any(name => name.StartsWith(Prefix, StringComparison.Ordinal)) ? Prefix : "";
        string[] names = [.. TrunkNames(net)];
        string[] missing = [.. names.Where(name => !tensors.ContainsKey(prefix + name))];
        if (missing.Length > 0)
            throw new ModelFileException($"'{path}' lacks {missing.Length} of the {names.Length} tensors of a {net.Options.Trunk}, the first is '{missing[0]}'; expected a torchvision {net.Options.Trunk} saved as safetensors");
        var known = names.ToHashSet(StringComparer.Ordinal);
        string? foreign = tensors.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Select(name => name[prefix.Length..])
            .FirstOrDefault(name => !known.Contains(name) && !MayStayAside(name, net.Options));
        if (foreign is not null)
            throw new ModelFileException($"'{path}' has a tensor '{foreign}', which a {net.Options.Trunk} does not; it belongs to another network");
        using IDisposable frozen = TorchSharp.torch.no_grad();
        foreach (string name in names)
        {
            SafetensorsEntry entry = tensors[prefix + name];
            TorchSharp.torch.Tensor target = net.Table[Prefix + name];
            using TorchSharp.torch.Tensor stored = ModelFile.ToTensor(entry, name, path), value = ForGrey(stored, target);
            if (!target.shape.SequenceEqual(value.shape))
                throw new ModelFileException($"tensor '{name}' in '{path}' has shape [{string.Join(", ", entry.Shape)}], expected [{string.Join(", ", target.shape)}]");
            target.copy_(value);
        }
    }

    /// <summary>The first layer's weights over three channels, summed for a trunk with one: the same output where the channels are scaled alike, and nearly that with ImageNet's three deviations.</summary>
    internal static TorchSharp.torch.Tensor ForGrey(TorchSharp.torch.Tensor value, TorchSharp.torch.Tensor target) =>
        value.Dimensions == 4 && target.Dimensions == 4 && value.shape[1] == 3 && target.shape[1] == 1 ? value.sum(1, keepdim: true) : value.alias();

    /// <summary>The trunk's tensors under torchvision's names, for other programs.</summary>
    public static IEnumerable<KeyValuePair<string, SafetensorsEntry>> ExportTrunk(HashNet net, bool half) =>
        TrunkNames(net).Select(name => KeyValuePair.Create(name, ModelFile.ToEntry(net.Table[Prefix + name], half)));

    /// <summary>Torchvision's names of the trunk's tensors, in the order of the forward pass.</summary>
    public static IEnumerable<string> TrunkNames(HashNet net) => net.Table.Names.Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Select(name => name[Prefix.Length..]);

    /// <summary>The classifier, batch norm's step counters, and stages above the one that gives the feature map.</summary>
    private static bool MayStayAside(string name, HashNetOptions options)
    {
        if (name.EndsWith("num_batches_tracked", StringComparison.Ordinal))
            return true;
        string[] parts = name.Split('.');
        return options.Trunk == "resnet50"
            ? parts[0] == "fc" || (parts[0] == "layer4" && options.FeatureStage == 4)
            : parts[0] == "classifier" || (parts[0] == "features" && options.FeatureStage == 4 && int.TryParse(parts[1], out int block) && block is >= 14 and <= 18);
    }
}
