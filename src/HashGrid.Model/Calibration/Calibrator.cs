using HashGrid.Model.Onnx;
using HashGrid.Model.Weights;
using Microsoft.ML.OnnxRuntime;

namespace HashGrid.Model.Calibration;

/// <summary>Measures on sample images what range every layer's output needs in 8 bits, and keeps it in the metadata of the weights.</summary>
public static class Calibrator
{
    /// <summary>Writes a copy of the weights with ranges; tensors, name and fingerprint stay as they are.</summary>
    /// <param name="from">The weights.</param>
    /// <param name="to">The file to write; may be the same.</param>
    /// <param name="images">Grey pictures of S · S values, 0..1, as <see cref="Imaging.ImageReader"/> gives them; enumerated twice. Some hundreds like those that will be encoded.</param>
    /// <returns>Layers measured and the identity of the network in 8 bits.</returns>
    /// <exception cref="ModelFileException">The weights cannot be used.</exception>
    /// <exception cref="ArgumentException">There are no images, or one has another size.</exception>
    public static (int Layers, ModelIdentity Identity) Calibrate(string from, string to, IEnumerable<ReadOnlyMemory<float>> images)
    {
        (HashNet net, ModelIdentity identity) = ModelFile.Load(from);
        using (net)
        {
            net.Fold();
            LayerRanges ranges = Measure(net, images);
            ModelFile.SetMetadata(from, to, LayerRanges.Key, ranges.ToJson());
            return (ranges.Layers.Count, ranges.Identify(identity));
        }
    }

    /// <summary>Whether the weights hold ranges, so that they run in int8.</summary>
    /// <exception cref="ModelFileException">The file cannot be read, or its ranges cannot.</exception>
    public static bool IsCalibrated(string path) => LayerRanges.Read(path, SafetensorsFile.Read(path).Metadata) is not null;

    /// <summary>Runs the folded network in float32 over all images, twice.</summary>
    internal static LayerRanges Measure(HashNet net, IEnumerable<ReadOnlyMemory<float>> images)
    {
        (byte[] file, IReadOnlyList<(string Layer, string Value)> stored) = net.ExportObserved();
        using var session = new InferenceSession(file);
        using var run = new RunOptions();
        string[] outputs = [.. stored.Select(one => one.Value)];
        RangeMeter[] meters = [.. stored.Select(_ => new RangeMeter())];
        int side = net.Options.InputSize, count = 0;
        foreach (bool first in (bool[])[true, false])
        {
            foreach (ReadOnlyMemory<float> image in images)
            {
                if (image.Length != side * side)
                    throw new ArgumentException($"an image has {image.Length} values, but {side} x {side} pixels need {side * side}", nameof(images));
                using OrtValue x = OrtValue.CreateTensorValueFromMemory(image.ToArray(), [1, 1, side, side]);
                using IDisposableReadOnlyCollection<OrtValue> values = session.Run(run, [OnnxGraph.Input], [x], outputs);
                for (int i = 0; i < meters.Length; i++)
                {
                    if (first) meters[i].See(values[i].GetTensorDataAsSpan<float>());
                    else meters[i].Count(values[i].GetTensorDataAsSpan<float>());
                }
                count++;
            }
        }
        if (count == 0) throw new ArgumentException("there are no images to measure the ranges on", nameof(images));
        return new LayerRanges(stored.Select((one, i) => (one.Layer, meters[i].Range())).ToDictionary(one => one.Layer, one => one.Item2));
    }
}
