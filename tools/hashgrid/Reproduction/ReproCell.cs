using HashGrid.Model.Rivals;

namespace HashGrid.CommandLine.Reproduction;

/// <summary>One training and what is measured of it: the unit that is never done twice.</summary>
/// <param name="System">What is trained.</param>
/// <param name="Split">Seed of the split, from 1.</param>
/// <param name="Bits">Width that it is trained for.</param>
/// <param name="Widths">Widths that it is scored at.</param>
internal sealed record ReproCell(ReproSystem System, int Split, int Bits, int[] Widths)
{
    public string Id => $"{System.Id}-{Bits}-split{Split}";

    public string ResultIn(string folder) => Path.Combine(folder, "cells", Id + ".json");

    public string WeightsIn(string folder) => Path.Combine(folder, "cells", Id + ".safetensors");

    /// <summary>Side in pixels of what a system with a network of its own sees; null for one that stands on the shared trunk.</summary>
    public int? InputSize(ReproSettings settings) => System.Rival is { } method && RivalOptions.For(method, Bits) is { UsesTrunk: false } options
        ? settings.Sizes.TryGetValue(System.Id, out int side) ? side : options.InputSize
        : null;

    /// <summary>Codes of the database at the tables' width, raw.</summary>
    public string StoredIn(string folder) => Path.Combine(folder, "cells", Id + ".stored");

    /// <summary>Codes of the queries.</summary>
    public string AskedIn(string folder) => Path.Combine(folder, "cells", Id + ".asked");

    /// <summary>Every system at the tables' width on every split; then the other widths, on the first split, of what does not nest them.</summary>
    public static IReadOnlyList<ReproCell> Plan(ReproSettings settings)
    {
        int main = settings.MainBits, most = settings.Bits[^1];
        var cells = new List<ReproCell>();
        for (int split = 1; split <= settings.Splits; split++)
            cells.AddRange(ReproSystem.All.Select(system => system.IsNested ? new ReproCell(system, split, most, settings.Bits) : new ReproCell(system, split, main, [main])));
        foreach (int bits in settings.Bits.Where(bits => bits != main))
            cells.AddRange(ReproSystem.All.Where(system => !system.IsNested).Select(system => new ReproCell(system, 1, bits, [bits])));
        return cells;
    }
}
