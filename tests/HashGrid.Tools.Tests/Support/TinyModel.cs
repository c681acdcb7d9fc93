using HashGrid.Model;
using HashGrid.Model.Weights;

namespace HashGrid.Tools.Tests.Support;

/// <summary>A weights file of the real network, small and random, so that servers start fast. One for all tests.</summary>
internal static class TinyModel
{
    private static Lazy<string> File { get; } = new(Write);

    public static string Path => File.Value;

    private static string Write()
    {
        string folder = Directory.CreateTempSubdirectory("hashgrid-model-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        string path = System.IO.Path.Combine(folder, "tiny.safetensors");
        HashNetOptions options = new() { TrunkWidth = 4, TrunkBlocks = [1, 1, 1, 1], InputSize = 64, RefinedWidth = 16, HiddenWidth = 32, Bits = 64 };
        using HashNet net = new(options, seed: 20263);
        ModelFile.Save(path, net, "random-64");
        return path;
    }
}
