using System.Text.Json;
using HashGrid.Model.Rivals;

namespace HashGrid.Model.Weights;

/// <summary>Model files of every method. One family of safetensors: <c>hashgrid-model-1</c> holds the paper's network, <c>hashgrid-rival-1</c> one of those it is compared with.</summary>
public static class HashModels
{
    private const string RivalFormat = "hashgrid-rival-1";

    /// <summary>Reads any model and checks its fingerprint.</summary>
    /// <exception cref="ModelFileException">The file is missing, malformed, changed since it was written, or of another format.</exception>
    public static (IHashModel Model, ModelIdentity Identity) Load(string path)
    {
        (IReadOnlyDictionary<string, SafetensorsEntry> tensors, IReadOnlyDictionary<string, string> metadata) = SafetensorsFile.Read(path);
        if (metadata.GetValueOrDefault("format") != RivalFormat)
            return ModelFile.Load(path);
        RivalOptions options = ReadOptions(path, metadata);
        string name = metadata.GetValueOrDefault("name", ""), fingerprint = ModelFile.Fingerprint(RivalFormat, name, metadata["options"], tensors);
        if (metadata.GetValueOrDefault("fingerprint") != fingerprint)
            throw new ModelFileException($"weights '{path}' have fingerprint {fingerprint}, but {metadata.GetValueOrDefault("fingerprint", "none")} was written; the file was changed or damaged, fetch it again");
        RivalNet net = RivalNet.Create(options);
        try
        {
            ModelFile.Fill(net.Table, tensors, path);
        }
        catch
        {
            net.Dispose();
            throw;
        }
        return (net, Identity(net, name, fingerprint));
    }

    /// <summary>Writes a rival, unfolded; the file is replaced as a whole.</summary>
    /// <param name="path">The file.</param>
    /// <param name="net">Fitted.</param>
    /// <param name="name">A short name for people.</param>
    /// <param name="half">Store half-precision floats.</param>
    /// <param name="notes">Further metadata, such as the data and the seed.</param>
    public static ModelIdentity Save(string path, RivalNet net, string name, bool half = false, IReadOnlyDictionary<string, string>? notes = null)
    {
        Dictionary<string, SafetensorsEntry> tensors = net.Table.Names.ToDictionary(key => key, key => ModelFile.ToEntry(net.Table[key], half));
        string options = JsonSerializer.Serialize(net.Options, ModelFile.Json), fingerprint = ModelFile.Fingerprint(RivalFormat, name, options, tensors);
        SafetensorsFile.Write(path, tensors, new Dictionary<string, string>(notes ?? new Dictionary<string, string>())
        {
            ["format"] = RivalFormat,
            ["name"] = name,
            ["options"] = options,
            ["fingerprint"] = fingerprint,
        });
        return Identity(net, name, fingerprint);
    }

    private static ModelIdentity Identity(RivalNet net, string name, string fingerprint) =>
        new(name, fingerprint, net.Bits, net.Options.UsesTrunk ? net.Options.Trunk.Trunk : net.Options.Method.ToString().ToLowerInvariant(), net.InputSize);

    private static RivalOptions ReadOptions(string path, IReadOnlyDictionary<string, string> metadata)
    {
        try
        {
            RivalOptions options = JsonSerializer.Deserialize<RivalOptions>(metadata.GetValueOrDefault("options", ""), ModelFile.Json) ?? throw new JsonException("no options");
            IReadOnlyList<string> problems = options.Validate();
            return problems.Count == 0 ? options : throw new ModelFileException($"weights '{path}' hold bad options: {string.Join("; ", problems)}");
        }
        catch (JsonException failure)
        {
            throw new ModelFileException($"weights '{path}' hold options that cannot be read: {failure.Message}; they may come from a newer version", failure);
        }
    }
}
