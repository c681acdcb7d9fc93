using System.Globalization;
using System.Text;
using System.Text.Json;

namespace HashGrid.Model.Calibration;

/// <summary>Least and greatest value of every layer's output, by the layer's name: with the weights, all that the network in 8 bits is made of.</summary>
/// <param name="Layers">Low ≤ 0 ≤ high.</param>
internal sealed record LayerRanges(IReadOnlyDictionary<string, (float Low, float High)> Layers)
{
    /// <summary>Key in the metadata of the weights.</summary>
    public const string Key = "int8_ranges";

    /// <summary>Counts up when the same weights and ranges begin to give other codes.</summary>
    private const int Scheme = 1;

    /// <summary>What the metadata of weights hold; null: nothing, these weights were not calibrated.</summary>
    /// <exception cref="ModelFileException">The text cannot be read.</exception>
    public static LayerRanges? Read(string path, IReadOnlyDictionary<string, string> metadata)
    {
        if (!metadata.TryGetValue(Key, out string? text)) return null;
        try
        {
            Dictionary<string, float[]> layers = JsonSerializer.Deserialize<Dictionary<string, float[]>>(text) ?? [];
            if (layers.Values.All(range => range is [<= 0, >= 0] && range.All(float.IsFinite)))
                return new LayerRanges(layers.ToDictionary(one => one.Key, one => (one.Value[0], one.Value[1])));
        }
        catch (JsonException)
        {
            // Told below.
        }
        throw new ModelFileException($"weights '{path}' hold {Key} that cannot be read, expected an object of [low, high] by layer; calibrate them again");
    }

    public string ToJson() => JsonSerializer.Serialize(Layers.ToDictionary(one => one.Key, one => (float[])[one.Value.Low, one.Value.High]));

    /// <summary>What the network is called in 8 bits.</summary>
    public ModelIdentity Identify(ModelIdentity exact)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Scheme}\n");
        foreach ((string layer, (float low, float high)) in Layers.OrderBy(one => one.Key, StringComparer.Ordinal))
            text.Append(CultureInfo.InvariantCulture, $"{layer} {low:R} {high:R}\n");
        return exact.In("int8", text.ToString());
    }
}
