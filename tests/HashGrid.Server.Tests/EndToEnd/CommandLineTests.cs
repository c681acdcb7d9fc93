using HashGrid.Protos.V1;
using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Checking;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.EndToEnd;

/// <summary>What a start that fails says, and with which exit code.</summary>
[Category("EndToEnd")]
public sealed class CommandLineTests
{
    [Test]
    public async Task Start_OptionsWrongInManyWays_IsALineForEachAndExitCode2()
    {
        (int code, string output, string error) = await ServerProcess.FailAsync("--max-batch", "many", "--max-streams", "0", "--no-such-thing", "1", "--listen", "nowhere", "--otlp", "nonsense");
        Assert.That((code, output), Is.EqualTo((2, "")));
        string[] lines = error.TrimEnd('\n').Split('\n');
        using (Assert.EnterMultipleScope())
        {
            Assert.That(lines, Has.Length.EqualTo(5).And.All.StartsWith("hashgrid: "));
            foreach (string wrong in (string[])["MaxBatch", "MaxStreams", "--no-such-thing", "nowhere", "OtlpEndpoint"]) Assert.That(lines, Has.One.Contains(wrong));
        }
    }

    [TestCase("--max-batch", "many")]
    [TestCase("--duplicates", "drop")]
    [TestCase("--duplicates", "7")]
    [TestCase("--no-such-thing", "1")]
    [TestCase("--listen", null)]
    public async Task Start_UnreadableCommandLine_IsOneLineAndExitCode2(string option, string? value)
    {
        (int code, string output, string error) = await ServerProcess.FailAsync(value is null ? [option] : [option, value]);
        Assert.That((code, output), Is.EqualTo((2, "")));
        Assert.That(error.TrimEnd('\n'), Does.StartWith("hashgrid: ").And.Not.Contains("\n"));
    }

    [Test]
    public async Task Start_PortInUse_IsOneLineAndExitCode1()
    {
        using TempFolder folder = new();
        await using TestServer holder = await TestServer.StartAsync();
        (int code, string output, string error) = await ServerProcess.FailAsync("--data", folder.Path, "--model", TinyModel.Write(folder.Path), "--listen", holder.Url["http://".Length..], "--log-level", "Error");
        Assert.That((code, output), Is.EqualTo((1, "")));
        Assert.That(error.TrimEnd('\n'), Does.StartWith("hashgrid: ").And.Contains("already in use").And.Not.Contains("\n"));
    }

    [Test]
    public async Task Start_FolderInUse_IsOneLineAndTheRunningServerGoesOn()
    {
        using TempFolder folder = new();
        await using (TestServer running = await TestServer.StartAsync(folder: folder))
        {
            using IngestCall call = new(running.Channel);
            await call.OpenAsync("camera");
            await call.SendCodeAsync(1, id: 1, code: 0b1);
            await call.AcknowledgedAsync(1);

            (int code, string output, string error) = await ServerProcess.FailAsync("--data", folder.Path, "--model", TinyModel.Write(folder.Path), "--listen", "127.0.0.1:0", "--log-level", "Error");
            Assert.That((code, output), Is.EqualTo((1, "")));
            Assert.That(error.TrimEnd('\n'), Does.StartWith("hashgrid: ").And.Contains("owned by another process").And.Not.Contains("\n"));

            // On the same stream and connection: what was there, what comes, and a search of both.
            await call.SendCodeAsync(2, id: 2, code: 0b11);
            await call.AcknowledgedAsync(2);
            Assert.That(call.Errors, Is.Empty);
            SearchReply found = await running.SearchClient.NearestAsync(new NearestRequest { Query = new Query { Code = Codes.Of(0) }, K = 5, AtLeastSequence = call.StoreSequence }).ResponseAsync.Soon();
            Assert.That(found.Neighbors.Select(neighbor => (neighbor.Id, neighbor.Distance)), Is.EqualTo(new[] { (1UL, 1U), (2UL, 2U) }));
            Assert.That((await running.StoreClient.StatsAsync(new StatsRequest()).ResponseAsync.Soon()).State, Is.EqualTo("ready"));
            StoreCheckReport whileRunning = StoreCheck.Run(folder.Path, CancellationToken.None);
            Assert.That((whileRunning.InUse, whileRunning.Clean), Is.EqualTo((true, true)));
        }
        StoreCheckReport report = StoreCheck.Run(folder.Path, CancellationToken.None);
        Assert.That(report.Findings, Is.Empty);
        Assert.That((report.ClosedCleanly, report.Counts[JournalRecordKind.Put]), Is.EqualTo((true, 2L)));
    }

    [Test]
    public async Task Start_FolderOfAnotherModel_IsOneLineAndExitCode1()
    {
        using TempFolder folder = new();
        await using (await TestServer.StartAsync(folder: folder))
        {
            // Makes the store.
        }
        (int code, string output, string error) = await ServerProcess.FailAsync("--data", folder.Path, "--model", TinyModel.Write(folder.Path), "--listen", "127.0.0.1:0", "--log-level", "Error");
        Assert.That((code, output), Is.EqualTo((1, "")));
        Assert.That(error.TrimEnd('\n'), Does.StartWith("hashgrid: ").And.Contains("tiny-64").And.Not.Contains("\n"));
    }

    [Test]
    public async Task Start_ModelFileThatIsNone_IsOneLineAndExitCode1()
    {
        using TempFolder folder = new();
        string model = Path.Combine(folder.Path, "model.safetensors");
        await File.WriteAllTextAsync(model, "these are no weights");
        (int code, string output, string error) = await ServerProcess.FailAsync("--data", folder.Path, "--model", model, "--listen", "127.0.0.1:0", "--log-level", "Error");
        Assert.That((code, output), Is.EqualTo((1, "")));
        Assert.That(error.TrimEnd('\n'), Does.StartWith("hashgrid: ").And.Contains(model).And.Not.Contains("\n"));
    }
}
