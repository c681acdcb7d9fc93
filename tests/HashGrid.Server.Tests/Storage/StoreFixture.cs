using HashGrid.Server.Storage;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Storage;

/// <summary>A folder of its own for each test, and stores in it.</summary>
public abstract class StoreFixture
{
    protected static readonly StoreModel Model = new("test-64", new string('a', 64), 64);

    protected static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    protected string Folder { get; private set; } = "";

    [SetUp]
    public void CreateFolder() => Folder = Directory.CreateTempSubdirectory("hashgrid-store-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(Folder, recursive: true);

    protected string Sub(string name) => Path.Combine(Folder, name);

    protected Task<CodeStore> OpenAsync(string name = "store", StoreModel? model = null) =>
        CodeStore.OpenAsync(Options(Sub(name)), model ?? Model, CancellationToken.None).WaitAsync(Limit);

    protected static CodeStoreOptions Options(string folder) => new()
    {
        Directory = folder,
        TableMemoryBytes = 1 << 20,
        ReserveBytes = 0,
        MinFreeBytes = 0,
    };

    protected static CodeRecord Record(ulong id, ulong code, params string[] labels) => new(id, [code], labels, $"image-{id}", 0);

    /// <summary>A record with the digest of a content, and the code that the content has.</summary>
    protected static CodeRecord Image(ulong id, string content, params string[] labels) => Record(id, (ulong)content[0] << 32, labels) with { Digest = Digest(content) };

    protected static ContentDigest Digest(string content) => ContentDigest.Of(System.Text.Encoding.UTF8.GetBytes(content));

    protected static async Task<CodeStoreException> RefusalAsync(Func<Task> open) =>
        await Assert.ThrowsAsync<CodeStoreException>(() => open()) ?? throw new AssertionException("no exception");

    protected static Task DurableAsync(CodeStore store, long sequence) => store.WaitDurableAsync(sequence, CancellationToken.None).AsTask().WaitAsync(Limit);

    /// <summary>A folder as an earlier build wrote it, under <c>store</c>.</summary>
    protected void CopyGolden(string format)
    {
        string golden = Repository.PathOf("tests", "HashGrid.Server.Tests", "Storage", "Golden", format);
        foreach (string path in Directory.EnumerateFiles(golden, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(Sub("store"), Path.GetRelativePath(golden, path));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(path, target);
        }
    }

    /// <summary>The format that the newer slot of a superblock names.</summary>
    protected int NewestFormat(string name = "store")
    {
        byte[] superblock = File.ReadAllBytes(Path.Combine(Sub(name), "superblock"));
        int newer = BitConverter.ToInt64(superblock, 8) > BitConverter.ToInt64(superblock, 4096 + 8) ? 0 : 4096;
        return superblock[newer + 20];
    }

    /// <summary>What a crash at this moment would leave to the next process: the files as they are, without the owner's lock.</summary>
    protected string CopyOf(string name)
    {
        string to = Sub(name + "-copy");
        foreach (string path in Directory.EnumerateFiles(Sub(name), "*", SearchOption.AllDirectories))
        {
            if (Path.GetFileName(path) == "lock")
                continue;
            string target = Path.Combine(to, Path.GetRelativePath(Sub(name), path));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(path, target);
        }
        return to;
    }
}
