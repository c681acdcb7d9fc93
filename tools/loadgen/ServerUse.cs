using System.Globalization;
using System.Text.Json.Nodes;

namespace HashGrid.LoadGen;

/// <summary>What the server's own metrics said during a run.</summary>
/// <param name="StartMiB">Resident memory at the start.</param>
/// <param name="PeakMiB">The most that was seen.</param>
/// <param name="EndMiB">After the last answer.</param>
/// <param name="SlopeMiB">Growth a minute: the line of least squares over the second half, after the first has filled what fills once.</param>
/// <param name="Samples">How often it was asked.</param>
/// <param name="HeldItems">Images that the encoder's queue holds after the last answer.</param>
/// <param name="HeldBytes">Bytes of their files.</param>
/// <param name="Tensors">Live tensors at the start, the most, and at the end.</param>
internal sealed record ServerUse(double StartMiB, double PeakMiB, double EndMiB, double SlopeMiB, int Samples, double HeldItems, double HeldBytes, (double Start, double Peak, double End) Tensors)
{
    /// <summary>The most images that the encoder's queue held in any sample, and the most bytes of their files.</summary>
    public (double Items, double Bytes) Most { get; init; }

    /// <summary>Two stretches of one run as one; the slope is the later one's.</summary>
    public static ServerUse? Join(ServerUse? first, ServerUse? then) => first is null || then is null ? first ?? then : then with
    {
        StartMiB = first.StartMiB,
        PeakMiB = Math.Max(first.PeakMiB, then.PeakMiB),
        Samples = first.Samples + then.Samples,
        Tensors = (first.Tensors.Start, Math.Max(first.Tensors.Peak, then.Tensors.Peak), then.Tensors.End),
        Most = (Math.Max(first.Most.Items, then.Most.Items), Math.Max(first.Most.Bytes, then.Most.Bytes)),
    };


    public string ToText() => string.Create(CultureInfo.InvariantCulture,
        $"server: {StartMiB:F0} MiB resident at the start, {PeakMiB:F0} at most, {EndMiB:F0} at the end, {SlopeMiB:+0.00;-0.00} MiB a minute; tensors {Tensors.Start:F0}, {Tensors.Peak:F0}, {Tensors.End:F0}; {HeldItems:F0} images of {HeldBytes:F0} bytes held");

    public JsonObject ToJson() => new()
    {
        ["resident_mib_start"] = Math.Round(StartMiB, 1),
        ["resident_mib_peak"] = Math.Round(PeakMiB, 1),
        ["resident_mib_end"] = Math.Round(EndMiB, 1),
        ["resident_mib_per_minute"] = Math.Round(SlopeMiB, 3),
        ["samples"] = Samples,
        ["held_items"] = HeldItems,
        ["held_bytes"] = HeldBytes,
        ["tensors_start"] = Tensors.Start,
        ["tensors_peak"] = Tensors.Peak,
        ["tensors_end"] = Tensors.End,
    };
}
