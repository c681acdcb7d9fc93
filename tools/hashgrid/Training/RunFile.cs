using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace HashGrid.CommandLine.Training;

/// <summary>run.json of an output folder: what is trained, on what, and how; a resumed run reads it.</summary>
internal sealed record RunFile
{
    public const string FileName = "run.json";

    private static readonly JsonSerializerOptions Layout = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>Absolute folder of the data.</summary>
    public required string Data { get; init; }

    public required DataFormat Format { get; init; }

    /// <summary>A short run on a few pictures.</summary>
    public required bool Smoke { get; init; }

    public required TrainSettings Settings { get; init; }

    /// <exception cref="CommandException">There is none, or it cannot be read.</exception>
    public static RunFile Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            throw new CommandException($"{path} does not exist, so there is nothing to resume; name --data and --format to begin");
        try
        {
            return JsonSerializer.Deserialize<RunFile>(File.ReadAllBytes(path), Layout) ?? throw new JsonException("it is null");
        }
        catch (JsonException failure)
        {
            throw new CommandException($"{path} cannot be read: {failure.Message}");
        }
    }

    public void Write(string folder)
    {
        string path = Path.Combine(folder, FileName);
        File.WriteAllText(path + ".tmp", ToString() + "\n");
        File.Move(path + ".tmp", path, overwrite: true);
    }

    public override string ToString() => JsonSerializer.Serialize(this, Layout);

    public bool Equals(RunFile? other) => other is not null && ToString() == other.ToString();

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(ToString());

    /// <summary>Settings with the values of an options file (JSON, comments allowed, names in any case) in place of the preset's.</summary>
    /// <exception cref="CommandException">The file cannot be read, or has a name or a value that does not exist.</exception>
    public static TrainSettings Apply(TrainSettings preset, string optionsFile)
    {
        if (!File.Exists(optionsFile))
            throw new CommandException($"the options file {optionsFile} does not exist");
        try
        {
            var reading = new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
            JsonObject changes = JsonNode.Parse(File.ReadAllText(optionsFile), null, reading) as JsonObject ?? throw new JsonException("expected an object");
            JsonObject settings = JsonSerializer.SerializeToNode(preset, Layout)!.AsObject();
            Merge(settings, changes, "");
            return settings.Deserialize<TrainSettings>(Layout)!;
        }
        catch (JsonException failure)
        {
            throw new CommandException($"the options file {optionsFile} cannot be used: {failure.Message.Split(" LineNumber", 2)[0]}");
        }
    }

    private static void Merge(JsonObject into, JsonObject changes, string path)
    {
        foreach ((string name, JsonNode? value) in changes)
        {
            string key = into.Select(pair => pair.Key).FirstOrDefault(key => key.Equals(name, StringComparison.OrdinalIgnoreCase))
                ?? throw new JsonException($"'{path}{name}' is no option; there are {string.Join(", ", into.Select(pair => path + pair.Key))}");
            if (into[key] is JsonObject part && value is JsonObject changed)
                Merge(part, changed, $"{path}{key}.");
            else
                into[key] = value?.DeepClone();
        }
    }
}
