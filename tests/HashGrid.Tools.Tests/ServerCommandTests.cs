using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using HashGrid.Tools.Tests.Support;

namespace HashGrid.Tools.Tests;

/// <summary>The commands that speak to a server, against the one that <c>hashgrid serve</c> runs.</summary>
[Category("EndToEnd")]
public class ServerCommandTests
{
    private Serving _server = null!;

    private static string Samples => Path.Combine(Repository.Root, "samples");

    [OneTimeSetUp]
    public async Task StartAsync() => _server = await Serving.StartAsync();

    [OneTimeTearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task Commands_OneAfterAnother_DoTheWholeJob()
    {
        string[] images = [.. Directory.GetFiles(Path.Combine(Samples, "images")).Order(StringComparer.Ordinal).Take(4)];
        ToolRun ingest = await RunAsync(["ingest", .. images, "--labels", Path.Combine(Samples, "labels.csv"), "--json"]);
        JsonNode search = await JsonAsync("search", images[1], "-k", "2");
        string id = (string)search["matches"]![0]!["id"]!;
        JsonNode byCode = await JsonAsync("search", "--code", (string)search["query_code"]!, "--within", "0");
        JsonNode item = await JsonAsync("get", id);
        JsonNode stats = await JsonAsync("stats");
        JsonNode snapshot = await JsonAsync("snapshot");
        ToolRun remove = await RunAsync("remove", id);
        ToolRun gone = await RunAsync("get", id);

        Assert.Multiple(() =>
        {
            Assert.That(ingest.ExitCode, Is.Zero, ingest.Error);
            Assert.That((int)JsonNode.Parse(ingest.Output)!["stored"]!, Is.EqualTo(4));
            Assert.That((int)search["matches"]![0]!["distance"]!, Is.Zero);
            Assert.That((string)search["matches"]![0]!["name"]!, Is.EqualTo(Path.GetFileName(images[1])));
            Assert.That(byCode["matches"]!.AsArray().Select(match => (string)match!["id"]!), Does.Contain(id));
            Assert.That(item["labels"]!.AsArray(), Is.Not.Empty, "labels come from the CSV by file name");
            Assert.That((string)item["digest"]!, Is.EqualTo(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(images[1])))[..32]));
            Assert.That((string)stats["duplicates"]!, Is.EqualTo("store"));
            Assert.That((int)stats["codes"]!, Is.GreaterThanOrEqualTo(4));
            Assert.That((long)snapshot["bytes"]!, Is.GreaterThan(0));
            Assert.That(remove.Output, Does.Contain($"removed {id}"));
            Assert.That((gone.ExitCode, gone.ErrorLines.Length), Is.EqualTo((1, 1)));
        });
    }

    [Test]
    public async Task Backup_RunningServer_MakesAFolderThatFsckProves()
    {
        using var folder = new TempFolder();
        string image = Directory.GetFiles(Path.Combine(Samples, "images")).Order(StringComparer.Ordinal).Last();
        Assert.That((await RunAsync("ingest", image)).ExitCode, Is.Zero);
        JsonNode first = await JsonAsync("backup", "--out", folder.File("copy")), again = await JsonAsync("backup", "--out", folder.File("copy"));
        ToolRun fsck = await Tool.HashGridAsync("fsck", folder.File("copy"));
        Assert.That((string)first["store_id"]!, Is.EqualTo((string)(await JsonAsync("stats"))["store_id"]!));
        Assert.That(((bool)first["continued"]!, (bool)again["continued"]!), Is.EqualTo((false, true)));
        Assert.That(fsck.ExitCode, Is.Zero, fsck.Output);
    }

    [Test]
    public async Task Search_WithHeatmap_DrawsWhatTheServerSaw()
    {
        using var folder = new TempFolder();
        string image = Directory.GetFiles(Path.Combine(Samples, "images")).Order(StringComparer.Ordinal).First(), heat = folder.File("heat.png");
        JsonNode search = await JsonAsync("search", image, "--heatmap", heat), own = JsonNode.Parse((await Tool.HashGridAsync("heatmap", image, "--out", folder.File("own.png"), "--json")).Output)!;
        float[] Values(JsonNode? map) => [.. map!.AsArray().Select(value => (float)value!)];
        Assert.That(Values(search["query_attention"]), Is.EqualTo(Values(own["map"])).Within(1e-4));
        Assert.That(File.ReadAllBytes(heat).AsSpan(1, 3).ToArray(), Is.EqualTo("PNG"u8.ToArray()));
        ToolRun wrong = await RunAsync("search", "--id", "1", "--heatmap", heat);
        Assert.That(wrong.ExitCode, Is.EqualTo(2));
        Assert.That(wrong.Error, Does.Contain("--heatmap needs IMAGE"));
    }

    [Test]
    public async Task Ingest_OneBadFile_StoresTheOthersAndExitsWithOne()
    {
        using var folder = new TempFolder();
        File.Copy(Directory.GetFiles(Path.Combine(Samples, "images")).Order(StringComparer.Ordinal).Last(), folder.File("good.jpg"));
        folder.Write("bad.png", "no image"u8);
        ToolRun run = await RunAsync("ingest", folder.Path);

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.EqualTo(1));
            Assert.That(run.Output, Does.StartWith("1 of 2 images are stored, 1 refused"));
            Assert.That(run.ErrorLines, Has.Length.EqualTo(1));
            Assert.That(run.Error, Does.Contain("bad.png: IMAGE_NOT_AN_IMAGE: "));
        });
    }

    [TestCase("link", 0, "stored with its code")]
    [TestCase("refuse", 1, "refused")]
    public async Task Ingest_SameFileUnderAnotherName_IsLinkedOrRefusedAndTheHolderNamed(string mode, int exitCode, string told)
    {
        await using Serving server = await Serving.StartAsync("--duplicates", mode);
        using var folder = new TempFolder();
        string image = Directory.GetFiles(Path.Combine(Samples, "images")).Order(StringComparer.Ordinal).First();
        File.Copy(image, folder.File("a.jpg"));
        File.Copy(image, folder.File("b.jpg"));
        ToolRun run = await Tool.HashGridAsync("ingest", folder.Path, "--ids", "name", "--server", server.Address);
        ToolRun again = await Tool.HashGridAsync("ingest", folder.Path, "--ids", "name", "--server", server.Address, "--json");
        ToolRun stats = await Tool.HashGridAsync("stats", "--server", server.Address, "--json");
        string holder = $"{BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData("a.jpg"u8))}";

        Assert.Multiple(() =>
        {
            Assert.That((run.ExitCode, again.ExitCode), Is.EqualTo((exitCode, exitCode)), run.Error);
            Assert.That(run.Output, Does.Contain($"b.jpg: the same image as id {holder}, {told}"));
            // The second run is no news to a server that linked: the id has its content.
            Assert.That(JsonNode.Parse(again.Output)!["duplicates"]!.AsArray().Select(duplicate => (string)duplicate!["of"]!), Is.EqualTo(Enumerable.Repeat(holder, exitCode)));
            Assert.That((string)JsonNode.Parse(stats.Output)!["duplicates"]!, Is.EqualTo(mode));
            Assert.That((int)JsonNode.Parse(stats.Output)!["digest_images"]!, Is.EqualTo(2 - exitCode));
        });
    }

    [Test]
    public async Task Ingest_SameStreamTwice_GoesOnWhereItWas()
    {
        string image = Directory.GetFiles(Path.Combine(Samples, "images"))[0];
        await RunAsync("ingest", image, "--stream", "twice");
        ToolRun again = await RunAsync("ingest", image, "--stream", "twice");

        Assert.That(again.Output, Does.StartWith("1 of 1 images are stored (1 of them before this run)"));
    }

    [Test]
    public async Task Encode_Images_WritesCodesThatIndexSearchReads()
    {
        using var folder = new TempFolder();
        string[] images = [.. Directory.GetFiles(Path.Combine(Samples, "images")).Take(3)];
        string codes = folder.File("codes.bin");
        ToolRun encode = await RunAsync(["encode", .. images, "--out", codes]);
        ToolRun search = await Tool.HashGridAsync("index", "search", "--codes", codes, "--bits", "64", "--queries", codes, "-k", "1");
        string[] ids = await File.ReadAllLinesAsync(codes + ".ids.csv");

        Assert.Multiple(() =>
        {
            Assert.That(encode.ExitCode, Is.Zero, encode.Error);
            Assert.That(new FileInfo(codes).Length, Is.EqualTo(24));
            Assert.That(ids, Has.Length.EqualTo(4));
            Assert.That(ids[3], Does.StartWith("2,").And.EndWith(images[2]));
            Assert.That(search.Output.Split('\n').Take(3), Has.All.EndsWith("\t0"), "every code finds itself, or its double");
        });
    }

    [Test]
    public async Task LoadGen_MixedAgainstTheServer_ReportsBothOperations()
    {
        ToolRun run = await Tool.LoadGenAsync(
            "--server", _server.Address, "--scenario", "mixed", "--rate", "200", "--seconds", "1", "--warmup", "0.2", "--preload", "100", "--search-share", "0.5", "--json");

        JsonArray operations = JsonNode.Parse(run.Output)!["operations"]!.AsArray();
        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.Zero, run.Error);
            Assert.That(operations.Select(operation => (string)operation!["operation"]!), Is.EqualTo((string[])["search", "ingest"]));
            foreach (JsonNode? operation in operations)
            {
                Assert.That((int)operation!["completed"]!, Is.GreaterThan(0).And.EqualTo((int)operation["offered"]!));
                Assert.That((double)operation["p50_ms"]!, Is.GreaterThan(0).And.LessThanOrEqualTo((double)operation["p99_9_ms"]!));
                Assert.That(operation["errors"]!.AsObject(), Is.Empty);
            }
        });
    }

    [Test]
    public async Task Serve_SigTermOrInterrupt_EndsWithZero([Values(PosixSignal.SIGTERM, PosixSignal.SIGINT)] PosixSignal signal)
    {
        await using Serving server = await Serving.StartAsync();

        Assert.That(await server.StopAsync(signal), Is.Zero);
    }

    private Task<ToolRun> RunAsync(params string[] arguments) => Tool.HashGridAsync([.. arguments, "--server", _server.Address]);

    private async Task<JsonNode> JsonAsync(params string[] arguments)
    {
        ToolRun run = await RunAsync([.. arguments, "--json"]);
        Assert.That(run.ExitCode, Is.Zero, run.Error);
        return JsonNode.Parse(run.Output)!;
    }
}
