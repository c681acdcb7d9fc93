using HashGrid.Model;
using HashGrid.Model.Weights;

namespace HashGrid.CommandLine.Training;

/// <summary>Where a trunk starts.</summary>
internal static class TrunkWeights
{
    /// <param name="net">Its trunk is filled.</param>
    /// <param name="source"><c>imagenet</c>: the shipped MobileNetV2; else a safetensors file.</param>
    /// <exception cref="ModelFileException">The weights cannot be read or belong to another trunk.</exception>
    public static void Fill(HashNet net, string source)
    {
        if (source == TrainSettings.ImageNet)
        {
            if (net.Options is not { Trunk: "mobilenet_v2", TrunkFolded: true, SamePadding: true, Scaling: InputScaling.Symmetric })
                throw new ModelFileException(
                    "the shipped ImageNet weights need trunk mobilenet_v2, trunkFolded true, samePadding true and scaling symmetric, as preset warm-start has them; or name a file as trunkWeights, or null");
            MobileNetImport.FillTrunk(net, MobileNetImport.Read(Path.Combine(AppContext.BaseDirectory, "models", "imagenet", "mobilenet_v2_imagenet.json")));
        }
        else
        {
            TorchvisionImport.FillTrunk(net, source);
        }
    }
}
