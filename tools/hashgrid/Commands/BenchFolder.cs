using HashGrid.Server.Storage;

namespace HashGrid.CommandLine.Commands;

/// <summary>A fresh folder for one measurement; deleted with everything in it.</summary>
internal sealed class BenchFolder : IDisposable
{
    public BenchFolder(string parent)
    {
        Directory.CreateDirectory(parent);
        Path = System.IO.Path.Combine(parent, $"hashgrid-bench-{Guid.NewGuid():N}");
        Directory.CreateDirectory(Path);
    }

    /// <summary>Stands for the weights; the store never looks into them.</summary>
    public static StoreModel Model { get; } = new("bench-64", new string('0', 64), 64);

    public string Path { get; }

    public CodeStoreOptions StoreOptions => new() { Directory = System.IO.Path.Combine(Path, "store") };

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
