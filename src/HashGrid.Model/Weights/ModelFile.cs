using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using HashGrid.Model.Trunks;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Weights;

/// <summary>A network as one safetensors file: tensors, and in its metadata the format, the name, the options (JSON) and the fingerprint.</summary>
public static class ModelFile
{
    /// <summary>Key of the metadata that lists, separated by commas, the widths whose codes are the first bits of a code.</summary>
    public const string NestedBits = "nested_bits";

    internal const string Format = "hashgrid-model-1";
    internal static readonly JsonSerializerOptions Json = new()
    {
        Converters = { new JsonStringEnumConverter() },
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { LeaveOutLaterDefaults } },
    };

    /// <summary>Writes a network.</summary>
    /// <param name="path">The file; replaced as a whole.</param>
    /// <param name="net">Unfolded.</param>
    /// <param name="name">A short name for people.</param>
    /// <param name="half">Store half-precision floats, in half the space.</param>
    /// <param name="notes">Further metadata, such as the data and the seed; <see cref="NestedBits"/> has a meaning.</param>
    public static ModelIdentity Save(string path, HashNet net, string name, bool half = false, IReadOnlyDictionary<string, string>? notes = null)
    {
        var tensors = new Dictionary<string, SafetensorsEntry>();
        foreach (string key in net.Table.Names)
            tensors[key] = ToEntry(net.Table[key], half);
        string options = JsonSerializer.Serialize(net.Options, Json), fingerprint = Fingerprint(Format, name, options, tensors);
        var metadata = new Dictionary<string, string>(notes ?? new Dictionary<string, string>())
        {
            ["format"] = Format,
            ["name"] = name,
            ["options"] = options,
            ["fingerprint"] = fingerprint,
        };
        SafetensorsFile.Write(path, tensors, metadata);
        return Identity(path, name, fingerprint, net.Options, metadata);
    }

    /// <summary>Reads a network and checks its fingerprint.</summary>
    /// <exception cref="ModelFileException">The file is missing, malformed, changed since it was written, or of another format.</exception>
    public static (HashNet Net, ModelIdentity Identity) Load(string path)
    {
        (IReadOnlyDictionary<string, SafetensorsEntry> tensors, IReadOnlyDictionary<string, string> metadata) = SafetensorsFile.Read(path);
        if (metadata.GetValueOrDefault("format") is not Format)
            throw new ModelFileException($"weights '{path}' have format '{metadata.GetValueOrDefault("format", "none")}', expected {Format} in the file's metadata; name weights that HashGrid wrote");
        HashNetOptions options = ReadOptions(path, metadata);
        string name = metadata.GetValueOrDefault("name", ""), fingerprint = Fingerprint(Format, name, metadata["options"], tensors);
        if (metadata.GetValueOrDefault("fingerprint") != fingerprint)
            throw new ModelFileException($"weights '{path}' have fingerprint {fingerprint}, but {metadata.GetValueOrDefault("fingerprint", "none")} was written; the file was changed or damaged, fetch it again");
        ModelIdentity identity = Identity(path, name, fingerprint, options, metadata);
        var net = new HashNet(options);
        try
        {
            Fill(net.Table, tensors, path);
        }
        catch
        {
            net.Dispose();
            throw;
        }
        return (net, identity);
    }

    /// <summary>Writes a copy with one entry of the metadata set; everything else, the fingerprint too, stays as it is.</summary>
    /// <exception cref="ModelFileException">The file is missing or malformed.</exception>
    public static void SetMetadata(string from, string to, string key, string value)
    {
        (IReadOnlyDictionary<string, SafetensorsEntry> tensors, IReadOnlyDictionary<string, string> metadata) = SafetensorsFile.Read(from);
        SafetensorsFile.Write(to, tensors, new Dictionary<string, string>(metadata) { [key] = value });
    }

    /// <summary>Copies stored tensors into a network: every name and shape must agree (step counters of batch norm are passed over).</summary>
    /// <exception cref="ModelFileException">A tensor is missing, unknown, or of another shape or type.</exception>
    public static void Fill(ParameterTable table, IReadOnlyDictionary<string, SafetensorsEntry> tensors, string path)
    {
        if (table.Names.FirstOrDefault(name => !tensors.ContainsKey(name)) is string missing)
            throw new ModelFileException($"weights '{path}' lack tensor '{missing}'; they belong to another network or to other options");
        using IDisposable frozen = no_grad();
        foreach ((string name, SafetensorsEntry entry) in tensors)
        {
            if (name.EndsWith("num_batches_tracked", StringComparison.Ordinal))
                continue;
            if (!table.Names.Contains(name))
                throw new ModelFileException($"weights '{path}' have tensor '{name}', which the network of their options does not");
            Tensor target = table[name];
            if (!target.shape.SequenceEqual(entry.Shape))
                throw new ModelFileException($"tensor '{name}' in '{path}' has shape [{string.Join(", ", entry.Shape)}], expected [{string.Join(", ", target.shape)}]");
            using Tensor value = ToTensor(entry, name, path);
            target.copy_(value);
        }
    }

    /// <summary>The stored values as a float32 tensor on the CPU.</summary>
    /// <exception cref="ModelFileException">The element type is no float type.</exception>
    public static Tensor ToTensor(SafetensorsEntry entry, string name, string path)
    {
        ReadOnlySpan<byte> data = entry.Data.Span;
        float[] values = entry.Type switch
        {
            "F32" => MemoryMarshal.Cast<byte, float>(data).ToArray(),
            "F16" => Array.ConvertAll(MemoryMarshal.Cast<byte, Half>(data).ToArray(), half => (float)half),
            "BF16" => Array.ConvertAll(MemoryMarshal.Cast<byte, ushort>(data).ToArray(), bits => BitConverter.UInt32BitsToSingle((uint)bits << 16)),
            _ => throw new ModelFileException($"tensor '{name}' in '{path}' has type {entry.Type}, expected F32, F16 or BF16"),
        };
        return tensor(values, entry.Shape);
    }

    /// <summary>A tensor's values for a file.</summary>
    public static SafetensorsEntry ToEntry(Tensor value, bool half)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor plain = value.detach().cpu().to_type(ScalarType.Float32).contiguous();
        float[] values = plain.data<float>().ToArray();
        byte[] bytes = half ? MemoryMarshal.AsBytes(Array.ConvertAll(values, one => (Half)one).AsSpan()).ToArray() : MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
        return new SafetensorsEntry(half ? "F16" : "F32", [.. value.shape], bytes);
    }

    private static void LeaveOutLaterDefaults(JsonTypeInfo type)
    {
        if (type.Type != typeof(HashNetOptions))
            return;
        var defaults = new HashNetOptions();
        foreach (JsonPropertyInfo property in type.Properties)
            if (property.AttributeProvider!.IsDefined(typeof(AddedLaterAttribute), inherit: false))
                property.ShouldSerialize = (_, value) => !Equals(value, property.Get!(defaults));
    }

    private static HashNetOptions ReadOptions(string path, IReadOnlyDictionary<string, string> metadata)
    {
        try
        {
            HashNetOptions options = JsonSerializer.Deserialize<HashNetOptions>(metadata.GetValueOrDefault("options", ""), Json) ?? throw new JsonException("no options");
            IReadOnlyList<string> problems = options.Validate();
            return problems.Count == 0 ? options : throw new ModelFileException($"weights '{path}' hold bad options: {string.Join("; ", problems)}");
        }
        catch (JsonException failure)
        {
            throw new ModelFileException($"weights '{path}' hold options that cannot be read: {failure.Message}; they may come from a newer version", failure);
        }
    }

    private static ModelIdentity Identity(string path, string name, string fingerprint, HashNetOptions options, IReadOnlyDictionary<string, string> metadata)
    {
        string nested = metadata.GetValueOrDefault(NestedBits, "");
        if (nested.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Any(width => !int.TryParse(width, NumberStyles.None, CultureInfo.InvariantCulture, out int bits) || bits < 1 || bits > options.Bits))
            throw new ModelFileException($"weights '{path}' have {NestedBits} '{nested}', expected widths of 1 to {options.Bits} bits, separated by commas");
        return new ModelIdentity(name, fingerprint, options.Bits, options.Trunk, options.InputSize) { NestedBits = nested };
    }

    /// <summary>SHA-256 over format, name, options and, by ordinal name, each tensor's name, type, shape and bytes.</summary>
    internal static string Fingerprint(string format, string name, string options, IReadOnlyDictionary<string, SafetensorsEntry> tensors)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{format}\n{name}\n{options}\n"));
        foreach ((string key, SafetensorsEntry entry) in tensors.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{key}\n{entry.Type}\n{string.Join(',', entry.Shape)}\n"));
            hash.AppendData(entry.Data.Span);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
