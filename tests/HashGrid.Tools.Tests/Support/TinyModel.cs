using HashGrid.Model;
using HashGrid.Model.Weights;

namespace HashGrid.Tools.Tests.Support;

/// <summary>Weights files of the real network, small and random, so that programs start fast. One of each kind for all tests.</summary>
internal static class TinyModel
{
    private static Lazy<string> Folder { get; } = new(CreateFolder);

    private static Lazy<string> Plain { get; } = new(() => Write("tiny.safetensors", []));

    private static Lazy<string> Nested { get; } = new(() => Write("nested.safetensors", new() { [ModelFile.NestedBits] = "16,32,64" }));

    /// <summary>64 bits.</summary>
    public static string Path => Plain.Value;

    /// <summary>The same weights, whose metadata say that the first 16 and 32 bits are codes too.</summary>
    public static string NestedPath => Nested.Value;

    private static string CreateFolder()
    {
        string folder = Directory.CreateTempSubdirectory("hashgrid-model-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        return folder;
    }

    private static string Write(string name, Dictionary<string, string> notes)
    {
        string path = System.IO.Path.Combine(Folder.Value, name);
        HashNetOptions options = new() { TrunkWidth = 4, TrunkBlocks = [1, 1, 1, 1], InputSize = 64, RefinedWidth = 16, HiddenWidth = 32, Bits = 64 };
        using HashNet net = new(options, seed: 20263);
        ModelFile.Save(path, net, "random-64", notes: notes);
        return path;
    }
}
