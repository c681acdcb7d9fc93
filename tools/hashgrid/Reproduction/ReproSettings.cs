using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using HashGrid.CommandLine.Training;

namespace HashGrid.CommandLine.Reproduction;

/// <summary>plan.json: what decides every figure. A folder belongs to one plan.</summary>
internal sealed record ReproSettings
{
    public const string FileName = "plan.json";

    public static JsonSerializerOptions Layout { get; } = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>Absolute folder of the data.</summary>
    public required string Data { get; init; }

    public required DataFormat Format { get; init; }

    /// <summary>Keep only rows whose column source has this value; null: all.</summary>
    public string? Source { get; init; }

    /// <summary>Code widths, ascending.</summary>
    public required int[] Bits { get; init; }

    /// <summary>Splits by patient, seeds 1 to this.</summary>
    public required int Splits { get; init; }

    /// <summary>Epochs by system id; what is not named has its own.</summary>
    public required SortedDictionary<string, int> Epochs { get; init; }

    /// <summary>Side of the input in pixels by system id, of those with a network of their own; what is not named has its authors'.</summary>
    public required SortedDictionary<string, int> Sizes { get; init; }

    /// <summary>A few pictures and epochs: shows that everything works.</summary>
    public bool Smoke { get; init; }

    /// <summary>What the data are; filled in when they have been read.</summary>
    public DataPrint? Content { get; init; }

    /// <summary>The width of the tables: 48 where it is among the widths, else the largest.</summary>
    [JsonIgnore]
    public int MainBits => Bits.Contains(48) ? 48 : Bits[^1];

    /// <summary>Epochs that a system gets; null: its own.</summary>
    public int? EpochsOf(ReproSystem system) =>
        Smoke ? 2 : Epochs.TryGetValue(system.Id, out int own) ? own : system.IsAblation && Epochs.TryGetValue(ReproSystem.Ours, out int ours) ? ours : null;

    /// <summary>What a system gets less of than its authors gave it, such as "8 of its 50 epochs, 128 of its 256 pixels"; null if nothing.</summary>
    public string? Short(ReproSystem system)
    {
        var parts = new List<string>();
        if (system.OwnEpochs is { } own && EpochsOf(system) is { } epochs && epochs < own)
            parts.Add($"{epochs} of its {own} epochs");
        var cell = new ReproCell(system, 1, MainBits, [MainBits]);
        if (cell.InputSize(this) is { } side && cell.InputSize(this with { Sizes = [] }) is { } whole && side < whole)
            parts.Add($"{side} of its {whole} pixels");
        return parts.Count > 0 ? string.Join(", ", parts) : null;
    }

    public override string ToString() => JsonSerializer.Serialize(this, Layout);

    /// <summary>The plan of a folder.</summary>
    /// <exception cref="CommandException">There is none, or it cannot be read.</exception>
    public static ReproSettings Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            return JsonSerializer.Deserialize<ReproSettings>(File.ReadAllBytes(path), Layout) ?? throw new JsonException("it is null");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new CommandException($"{path} cannot be read: {failure.Message}");
        }
    }

    /// <summary>Writes the plan, or checks that the folder's is the same.</summary>
    /// <exception cref="CommandException">The folder holds another plan, or was measured on other data; the message says what differs.</exception>
    public void Claim(string folder)
    {
        string path = Path.Combine(folder, FileName);
        Directory.CreateDirectory(folder);
        if (!File.Exists(path))
        {
            File.WriteAllText(path + ".tmp", ToString() + "\n");
            File.Move(path + ".tmp", path, overwrite: true);
            return;
        }
        JsonObject then = Parse(File.ReadAllText(path), path), now = Parse(ToString(), path);
        string content = Layout.PropertyNamingPolicy!.ConvertName(nameof(Content));
        string[] changed = [.. now.Concat(then).Select(one => one.Key).Distinct().Where(name => name != content && !JsonNode.DeepEquals(then[name], now[name]))];
        if (changed.Length > 0)
            throw new CommandException($"{path} holds another plan: {string.Join("; ", changed.Select(name => $"{name} was {Text(then[name])}, now {Text(now[name])}"))}; give the same options to go on with it, or name another folder");
        Check(then[content].Deserialize<DataPrint>(Layout), folder);
    }

    /// <summary>Checks that the data are what a plan was begun with.</summary>
    /// <exception cref="CommandException">They are not.</exception>
    public void Check(DataPrint? then, string folder)
    {
        string? difference = then is null ? "it was begun by a version that did not write down its data" : then.Difference(Content!);
        if (difference is not null)
            throw new CommandException($"{Path.Combine(folder, FileName)} belongs to other data: {difference}; cells measured before and after do not compare, name another folder");
    }

    private static JsonObject Parse(string text, string path)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject ?? throw new JsonException("it is no object");
        }
        catch (JsonException failure)
        {
            throw new CommandException($"{path} cannot be read: {failure.Message}");
        }
    }

    private static string Text(JsonNode? value) => value?.ToJsonString() ?? "not given";
}
