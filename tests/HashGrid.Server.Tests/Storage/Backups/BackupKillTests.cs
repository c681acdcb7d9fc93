using System.Diagnostics;
using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Checking;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Storage.Backups;

/// <summary><c>hashgrid backup</c> and <c>restore</c> as processes that are killed in the middle of their work, again and again.</summary>
[Category("Durability")]
public sealed class BackupKillTests : BackupFixture
{
    private const ulong Records = 30_000, More = 4000;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Test]
    public Task Backup_KilledInTheMiddle_LaterRunsEndWithTheSameStore() => BackupAsync(rounds: 5, seed: 11);

    [Test]
    public Task Restore_KilledInTheMiddle_LaterRunsEndWithTheSameStore() => RestoreAsync(rounds: 4, seed: 12);

    [Test, Explicit("several minutes")]
    public Task Backup_KilledAHundredTimes_LaterRunsEndWithTheSameStore() => BackupAsync(rounds: 100, seed: 13);

    [Test, Explicit("several minutes")]
    public Task Restore_KilledAHundredTimes_LaterRunsEndWithTheSameStore() => RestoreAsync(rounds: 100, seed: 14);

    /// <summary>Kills a new backup until one comes to its end, then backups that continue it while the store grows.</summary>
    private async Task BackupAsync(int rounds, int seed)
    {
        var random = new Random(seed);
        ulong records = Records;
        await WriteAsync("store", 1, records);
        int killed = 0;
        for (int round = 0; round < rounds; round++)
        {
            if (await RunAsync("backup", random, "backup", "--data", Sub("store"), "--out", Sub("backup")))
            {
                killed++;
                AssertUnfinishedOrWhole("backup");
            }
            if (round % 2 == 1)
            {
                await WriteAsync("store", records + 1, records + More);
                records += More;
            }
        }
        Assert.That(killed, Is.GreaterThan(rounds / 2), "most runs were killed before their end");
        await EndAsync("backup", "--data", Sub("store"), "--out", Sub("backup"));
        Assert.That(Journal("backup"), Is.EqualTo(Journal("store")));
        await AssertHoldsAsync("backup", records);
        TestContext.Out.WriteLine($"{killed} of {rounds} runs were killed in the middle; {records} records are in the copy");
    }

    private async Task RestoreAsync(int rounds, int seed)
    {
        var random = new Random(seed);
        await WriteAsync("store", 1, Records);
        await BackupAsync();
        byte[] backup = Journal("backup");
        int killed = 0;
        for (int round = 0; round < rounds; round++)
        {
            // Once it is whole, a restore refuses the folder: the next one is for another.
            string target = $"restored-{round - killed}";
            if (await RunAsync(target, random, "restore", Sub("backup"), "--data", Sub(target)))
            {
                killed++;
                AssertUnfinishedOrWhole(target);
            }
        }
        Assert.That(killed, Is.GreaterThan(rounds / 2), "most runs were killed before their end");
        string last = $"restored-{rounds - killed}";
        if (!File.Exists(Path.Combine(Sub(last), "superblock")) || File.Exists(Path.Combine(Sub(last), "superblock.partial")))
            await EndAsync("restore", Sub("backup"), "--data", Sub(last));
        Assert.That(Journal(last), Is.EqualTo(backup));
        Assert.That(Journal("backup"), Is.EqualTo(backup));
        await AssertHoldsAsync(last, Records);
        TestContext.Out.WriteLine($"{killed} of {rounds} runs were killed in the middle");
    }

    /// <summary>Runs the tool and kills it once its copy has come to some random length.</summary>
    /// <returns>Whether the kill came before the end.</returns>
    private async Task<bool> RunAsync(string target, Random random, params string[] arguments)
    {
        long source = Length("store"), there = Length(target);
        // Of a copy that is whole but for little, every byte may be there before anything is known to be.
        long length = there + random.NextInt64(1, Math.Max(2, source - there));
        using Process process = ToolProcess.Start(arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        long began = Stopwatch.GetTimestamp();
        while (!process.HasExited && Length(target) < length && Stopwatch.GetElapsedTime(began) < Patience)
            await Task.Delay(1);
        process.Kill();
        await process.WaitForExitAsync().WaitAsync(Limit);
        await Task.WhenAll(output, error).WaitAsync(Limit);
        const int Killed = 128 + 9;
        Assert.That(process.ExitCode, Is.EqualTo(Killed).Or.Zero, await error);
        return process.ExitCode == Killed;
    }

    private static async Task EndAsync(params string[] arguments)
    {
        using Process process = ToolProcess.Start(arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(Patience);
        await output.WaitAsync(Limit);
        Assert.That(process.ExitCode, Is.Zero, await error.WaitAsync(Limit));
    }

    /// <summary>A folder that a kill left is a whole store, of now or of before, or says that it is none yet.</summary>
    private void AssertUnfinishedOrWhole(string name)
    {
        try
        {
            Assert.That(StoreCheck.Run(Sub(name), CancellationToken.None).Findings.Where(finding => finding.Severity == FindingSeverity.Damage), Is.Empty);
        }
        catch (CodeStoreException e)
        {
            Assert.That(e.Message, Does.Contain("not finished").Or.Contain("there is no store in"));
        }
    }

    private long Length(string name)
    {
        var journal = new DirectoryInfo(Path.Combine(Sub(name), "journal"));
        return journal.Exists ? journal.EnumerateFiles().Sum(file => file.Length) : 0;
    }
}
