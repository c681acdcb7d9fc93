using System.Diagnostics;
using HashGrid.Index;
using HashGrid.Server.Indexing;
using HashGrid.Server.Storage;
using HashGrid.Server.Tests.Storage;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Indexing;

/// <summary>What is left of snapshots whose writer was killed: the next start gives the space back, and touches nothing else.</summary>
[Category("Durability")]
public sealed class UnfinishedSnapshotTests : StoreFixture
{
    private const int Codes = 2_000_000;

    [Test]
    public async Task Start_WriterWasKilledInTheMiddle_DeletesWhatItLeft()
    {
        await using CodeStore store = await OpenAsync();
        Directory.CreateDirectory(Sub("index"));
        string codes = Sub("codes.bin"), unfinished = Path.Combine(Sub("index"), $"{store.StoreId:N}.unfinished");
        byte[] bytes = new byte[Codes * sizeof(ulong)];
        new Random(7).NextBytes(bytes);
        await File.WriteAllBytesAsync(codes, bytes);
        // The writer of a server's snapshots, in a process that can be killed.
        for (int round = 0; round < 20 && Files().Length == 0; round++)
            await KillAsync("index", "build", "--codes", codes, "--bits", "64", "--out", unfinished);
        Assert.That(Files(), Has.Length.EqualTo(1).And.All.StartsWith(Path.GetFileName(unfinished) + "."), "killed in the middle");

        await using (IndexHost host = Start(store))
        {
            Assert.That(Files(), Is.Empty);
            await host.WaitReadyAsync(CancellationToken.None).WaitAsync(Limit);
            await host.SnapshotAsync(inBackground: false, CancellationToken.None).WaitAsync(Limit);
            Assert.That(Files(), Has.Length.EqualTo(1).And.All.EndsWith(".index"));
        }
    }

    [Test]
    public async Task Start_OtherFilesBesideTheSnapshots_AreLeftAlone()
    {
        await using CodeStore store = await OpenAsync();
        string id = store.StoreId.ToString("N"), other = Guid.NewGuid().ToString("N");
        string[] own = [$"{id}.unfinished", $"{id}.unfinished.{other}.tmp"];
        string[] foreign = [$"{other}.unfinished.{id}.tmp", $"{id}.unfinished.tmp", $"{id}.unfinished.copy.tmp", $"{id}.unfinished.{other}.bak", $"{id}.unfinishedx{other}.tmp", "notes.tmp"];
        Directory.CreateDirectory(Sub("index"));
        foreach (string name in own.Concat(foreign))
            await File.WriteAllTextAsync(Path.Combine(Sub("index"), name), "x");
        await using IndexHost host = Start(store);
        Assert.That(Files(), Is.EquivalentTo(foreign));
    }

    /// <summary>Starts the tool, and kills it as soon as the folder of the snapshots holds a file.</summary>
    private async Task KillAsync(params string[] arguments)
    {
        using Process process = ToolProcess.Start(arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        long began = Stopwatch.GetTimestamp();
        while (!process.HasExited && Files().Length == 0 && Stopwatch.GetElapsedTime(began) < Limit)
            await Task.Delay(1);
        process.Kill();
        await process.WaitForExitAsync().WaitAsync(Limit);
        await Task.WhenAll(output, error).WaitAsync(Limit);
        Assert.That(process.ExitCode, Is.EqualTo(128 + 9).Or.Zero, await error);
        // It came to its end after all.
        foreach (string name in Files().Where(name => !name.EndsWith(".tmp", StringComparison.Ordinal)))
            File.Delete(Path.Combine(Sub("index"), name));
    }

    private string[] Files() => [.. Directory.GetFiles(Sub("index")).Select(path => Path.GetFileName(path))];

    private IndexHost Start(CodeStore store) => IndexHost.Start(store, new IndexHostOptions { Directory = Sub("index"), Width = new CodeWidth(64) });
}
