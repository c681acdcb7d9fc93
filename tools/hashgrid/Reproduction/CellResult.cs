using System.Text.Json;

namespace HashGrid.CommandLine.Reproduction;

/// <summary>A finished cell, one JSON file.</summary>
internal sealed record CellResult
{
    public required string System { get; init; }

    public required int Split { get; init; }

    /// <summary>Width that it was trained for.</summary>
    public required int Bits { get; init; }

    public required int Database { get; init; }

    public required int Queries { get; init; }

    /// <summary>How it was trained, in words.</summary>
    public required string Recipe { get; init; }

    public required double TrainSeconds { get; init; }

    /// <summary>What its process took while training beyond what it held before network and features were there, in MB.</summary>
    public required double TrainMegabytes { get; init; }

    /// <summary>Loss by epoch, or error by iteration; empty for closed forms.</summary>
    public required double[] Losses { get; init; }

    public required WidthScores[] Scores { get; init; }

    /// <summary>Null if there is none.</summary>
    /// <exception cref="CommandException">It cannot be read.</exception>
    public static CellResult? Read(string path)
    {
        if (!File.Exists(path))
            return null;
        try
        {
            return JsonSerializer.Deserialize<CellResult>(File.ReadAllBytes(path), ReproSettings.Layout);
        }
        catch (JsonException failure)
        {
            throw new CommandException($"{path} cannot be read: {failure.Message}; delete it to measure it again");
        }
    }

    public void Write(string path)
    {
        File.WriteAllBytes(path + ".tmp", JsonSerializer.SerializeToUtf8Bytes(this, ReproSettings.Layout));
        File.Move(path + ".tmp", path, overwrite: true);
    }
}
