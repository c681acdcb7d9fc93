using System.Text.Json.Serialization;
using HashGrid.Model.Weights;

namespace HashGrid.Model.Rivals;

/// <summary>Everything that shapes a rival; stored inside its weights.</summary>
public sealed record RivalOptions
{
    /// <summary>Which one.</summary>
    public RivalMethod Method { get; init; }

    /// <summary>Code width k, 8 to 1024.</summary>
    public int Bits { get; init; } = 48;

    /// <summary>Side of the square input in pixels: the trunk's, or 64 (DSH, as its authors had for photographs) or 256 (ATH, as its code has), a multiple of 8.</summary>
    public int InputSize { get; init; } = 224;

    /// <summary>The trunk under SSH, ITQ, DH and DRH; what the options say of anything else does not count.</summary>
    public HashNetOptions Trunk { get; init; } = MobileNetImport.Options(new HashNetOptions());

    /// <summary>Widths of the layers between the pooled features and the code (DH).</summary>
    public int[] Layers { get; init; } = [];

    /// <summary>Names of the classes that ATH learns to tell beside the code; "No Finding" is none of them.</summary>
    public string[] Labels { get; init; } = [];

    /// <summary>The code stands on the pooled features of a pretrained trunk.</summary>
    [JsonIgnore]
    public bool UsesTrunk => Method is not (RivalMethod.Dsh or RivalMethod.Ath);

    /// <summary>A method as its authors shaped it.</summary>
    /// <param name="method">Which one.</param>
    /// <param name="bits">Code width.</param>
    /// <param name="trunk">The trunk, for those that stand on one; null: the shipped MobileNetV2.</param>
    /// <param name="labels">Classes of the data.</param>
    public static RivalOptions For(RivalMethod method, int bits, HashNetOptions? trunk = null, string[]? labels = null)
    {
        trunk ??= MobileNetImport.Options(new HashNetOptions());
        return new RivalOptions
        {
            Method = method,
            Bits = bits,
            Trunk = trunk with { Labels = [], Bits = 64 },
            InputSize = method switch { RivalMethod.Dsh => 64, RivalMethod.Ath => 256, _ => trunk.InputSize },
            Layers = method == RivalMethod.Dh ? DhLayers(bits) : [],
            Labels = method == RivalMethod.Ath ? labels ?? [] : [],
        };
    }

    /// <summary>The same for a small set: DH's first layer stands on principal components, of which there are fewer than pictures.</summary>
    public RivalOptions Within(int pictures) => this with { Layers = Array.ConvertAll(Layers, width => Math.Min(width, Math.Max(Bits, pictures - 1))) };

    /// <summary>Every problem, one line each; empty if the options are fine.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        if (!Enum.IsDefined(Method))
            problems.Add($"method is {(int)Method}, expected one of {string.Join(", ", Enum.GetNames<RivalMethod>())}");
        if (Bits is < 8 or > 1024)
            problems.Add($"code width is {Bits} bits, expected 8 to 1024");
        if (InputSize is < 32 or > 2048 || InputSize % 8 != 0)
            problems.Add($"input size is {InputSize}, expected a multiple of 8 from 32 to 2048");
        if (Layers is null || Layers.Any(width => width is < 1 or > 8192))
            problems.Add("layers need widths of 1 to 8192");
        if (Labels is null)
            problems.Add("labels are missing");
        if (Trunk is null)
            problems.Add("trunk is missing");
        else if (UsesTrunk)
            problems.AddRange(Trunk.Validate());
        if (Trunk is not null && UsesTrunk && Trunk.InputSize != InputSize)
            problems.Add($"input size is {InputSize}, but the trunk's is {Trunk.InputSize}");
        return problems;
    }

    /// <summary>60-30-16, 80-50-32 and 100-80-64 as published; between and beyond, as smooth as may be.</summary>
    private static int[] DhLayers(int bits) => bits switch
    {
        <= 16 => [60, Math.Max(30, bits)],
        <= 32 => [80, 50],
        <= 48 => [90, 65],
        <= 64 => [100, 80],
        _ => [bits + 36, bits + 16],
    };
}
