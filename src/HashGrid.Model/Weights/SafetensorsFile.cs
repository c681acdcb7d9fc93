using System.Buffers.Binary;
using System.Text.Json;

namespace HashGrid.Model.Weights;

/// <summary>The safetensors container: 8 bytes header length (little-endian), JSON {name: {dtype, shape, data_offsets}}, data.</summary>
/// <remarks>Read strictly: offsets in bounds, no overlap, no gap, sizes equal to shape times type, header at most 16 MiB. Nothing in the file is executed.</remarks>
public static class SafetensorsFile
{
    private const long MaxHeaderBytes = 16L << 20;
    private const string MetadataKey = "__metadata__";

    /// <summary>Reads a whole file.</summary>
    /// <exception cref="ModelFileException">The file is missing, cut off or malformed.</exception>
    public static (IReadOnlyDictionary<string, SafetensorsEntry> Tensors, IReadOnlyDictionary<string, string> Metadata) Read(string path)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ModelFileException($"weights '{path}' cannot be read: {failure.Message}", failure);
        }
        try
        {
            return Parse(bytes);
        }
        catch (Exception failure) when (failure is JsonException or InvalidDataException or InvalidOperationException or FormatException or KeyNotFoundException or OverflowException)
        {
            throw new ModelFileException($"weights '{path}' are not a safetensors file: {failure.Message}; download or export them again", failure);
        }
    }

    /// <summary>Parses a whole file in memory; the entries share its bytes.</summary>
    /// <exception cref="InvalidDataException">Lengths, offsets or types disagree. Malformed JSON raises <see cref="JsonException"/>.</exception>
    public static (IReadOnlyDictionary<string, SafetensorsEntry> Tensors, IReadOnlyDictionary<string, string> Metadata) Parse(ReadOnlyMemory<byte> file)
    {
        if (file.Length < 8)
            throw new InvalidDataException($"{file.Length} bytes, expected at least 8");
        ulong headerBytes = BinaryPrimitives.ReadUInt64LittleEndian(file.Span);
        if (headerBytes > MaxHeaderBytes || (long)headerBytes > file.Length - 8)
            throw new InvalidDataException($"header of {headerBytes} bytes in a file of {file.Length}");
        ReadOnlyMemory<byte> data = file[(8 + (int)headerBytes)..];
        using JsonDocument header = JsonDocument.Parse(file.Slice(8, (int)headerBytes), new JsonDocumentOptions { MaxDepth = 8 });

        var tensors = new Dictionary<string, SafetensorsEntry>();
        var metadata = new Dictionary<string, string>();
        var ranges = new List<(long Begin, long End, string Name)>();
        foreach (JsonProperty property in header.RootElement.EnumerateObject())
        {
            if (property.Name == MetadataKey)
            {
                foreach (JsonProperty pair in property.Value.EnumerateObject())
                    metadata[pair.Name] = pair.Value.GetString() ?? throw new InvalidDataException($"metadata '{pair.Name}' is not a string");
                continue;
            }
            string type = property.Value.GetProperty("dtype").GetString() ?? "";
            long[] shape = [.. property.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())];
            long[] offsets = [.. property.Value.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt64())];
            if (shape.Any(size => size < 0) || offsets.Length != 2 || offsets[0] < 0 || offsets[1] < offsets[0] || offsets[1] > data.Length)
                throw new InvalidDataException($"tensor '{property.Name}' has a bad shape or lies outside the {data.Length} data bytes");
            long expected = shape.Aggregate((long)ElementBytes(type), (bytes, size) => checked(bytes * size));
            if (offsets[1] - offsets[0] != expected)
                throw new InvalidDataException($"tensor '{property.Name}' has {offsets[1] - offsets[0]} bytes, its shape and type {type} need {expected}");
            if (!tensors.TryAdd(property.Name, new SafetensorsEntry(type, shape, data.Slice((int)offsets[0], (int)expected))))
                throw new InvalidDataException($"tensor '{property.Name}' appears twice");
            ranges.Add((offsets[0], offsets[1], property.Name));
        }
        long end = 0;
        foreach ((long begin, long next, string name) in ranges.Order())
        {
            if (begin != end)
                throw new InvalidDataException($"tensor '{name}' begins at {begin}, the one before ends at {end}");
            end = next;
        }
        if (end != data.Length)
            throw new InvalidDataException($"{data.Length} data bytes, the tensors cover {end}");
        return (tensors, metadata);
    }

    /// <summary>Writes a file through a temporary one beside it, so that a reader sees the old or the new file, never a part.</summary>
    public static void Write(string path, IEnumerable<KeyValuePair<string, SafetensorsEntry>> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        KeyValuePair<string, SafetensorsEntry>[] entries = [.. tensors];
        using var header = new MemoryStream();
        using (var json = new Utf8JsonWriter(header))
        {
            json.WriteStartObject();
            json.WriteStartObject(MetadataKey);
            foreach ((string key, string value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                json.WriteString(key, value);
            json.WriteEndObject();
            long offset = 0;
            foreach ((string name, SafetensorsEntry entry) in entries)
            {
                json.WriteStartObject(name);
                json.WriteString("dtype", entry.Type);
                json.WriteStartArray("shape");
                foreach (long size in entry.Shape)
                    json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += entry.Data.Length);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        while (header.Length % 8 != 0)
            header.WriteByte((byte)' '); // data starts aligned, as the reference writer does
        string partial = $"{path}.{Environment.ProcessId}.tmp";
        using (FileStream stream = File.Create(partial))
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
            stream.Write(length);
            header.WriteTo(stream);
            foreach ((_, SafetensorsEntry entry) in entries)
                stream.Write(entry.Data.Span);
            stream.Flush(flushToDisk: true);
        }
        File.Move(partial, path, overwrite: true);
    }

    private static int ElementBytes(string type) => type switch
    {
        "F64" or "I64" or "U64" => 8,
        "F32" or "I32" or "U32" => 4,
        "F16" or "BF16" or "I16" or "U16" => 2,
        "U8" or "I8" or "BOOL" => 1,
        _ => throw new InvalidDataException($"element type '{type}' is not known"),
    };
}
