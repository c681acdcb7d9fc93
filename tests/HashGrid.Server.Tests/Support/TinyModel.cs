using HashGrid.Model;
using HashGrid.Model.Weights;

namespace HashGrid.Server.Tests.Support;

/// <summary>A weights file of the real network, small and random, so that a server starts fast.</summary>
internal static class TinyModel
{
    public static string Write(string folder)
    {
        string path = Path.Combine(folder, "tiny.safetensors");
        HashNetOptions options = new() { TrunkWidth = 4, TrunkBlocks = [1, 1, 1, 1], InputSize = 64, RefinedWidth = 16, HiddenWidth = 32, Bits = 64 };
        using HashNet net = new(options, seed: 20263);
        ModelFile.Save(path, net, "random-64");
        return path;
    }
}
