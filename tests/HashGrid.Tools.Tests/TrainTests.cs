using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using HashGrid.Model.Weights;
using HashGrid.Tools.Tests.Support;

namespace HashGrid.Tools.Tests;

public class TrainTests
{
    private static string Samples => Path.Combine(Repository.Root, "samples");

    [Test]
    public async Task Train_Smoke_WritesARunThatEvaluateReads()
    {
        using var folder = new TempFolder();
        string run = folder.File("run"), options = Options(folder, epochs: 40);

        ToolRun trained = await Tool.HashGridAsync("train", "--data", Samples, "--format", "folder", "--smoke", "--options", options, "--bits", "24", "--epochs", "3", "--out", run, "--json");

        Assert.That(trained.ExitCode, Is.Zero, trained.Error);
        JsonNode report = JsonNode.Parse(trained.Output)!;
        string[] rows = File.ReadAllLines(Path.Combine(run, "loss.csv"));
        Assert.Multiple(() =>
        {
            Assert.That(trained.Error, Does.Contain("held out (patient split").And.Contain("epoch 3/3: loss"));
            Assert.That(rows, Has.Length.EqualTo(4));
            Assert.That(File.ReadAllBytes(Path.Combine(run, "loss.png")).AsSpan(1, 3).ToArray(), Is.EqualTo("PNG"u8.ToArray()));
            Assert.That(rows.Skip(1).Max(row => double.Parse(row.Split(',')[7])), Is.EqualTo((double)report["map"]!));
            Assert.That(Directory.GetFiles(run, "*.tmp"), Is.Empty);
        });
        Assert.That(Patients(run, "train.csv").Intersect(Patients(run, "held-out.csv")), Is.Empty);

        ToolRun scored = await Tool.HashGridAsync(
            "evaluate", "--model", (string)report["best"]!, "--database", Path.Combine(run, "train.csv"), "--queries", Path.Combine(run, "held-out.csv"), "--json");
        Assert.That(scored.ExitCode, Is.Zero, scored.Error);
        Assert.That((int)JsonNode.Parse(scored.Output)!["bits"]!, Is.EqualTo(24));
        // Training keeps pixels as bytes and batch norms apart: a bit near its threshold may differ.
        Assert.That((double)JsonNode.Parse(scored.Output)!["map"]!, Is.EqualTo((double)report["map"]!).Within(0.05));
    }

    [Test]
    public async Task Resume_AfterAnInterrupt_GivesWhatAnUninterruptedRunGives()
    {
        using var folder = new TempFolder();
        string options = Options(folder, epochs: 40), whole = folder.File("whole"), parts = folder.File("parts");
        string[] command = ["train", "--data", Samples, "--format", "folder", "--options", options, "--seed", "5", "--out"];
        ToolRun uninterrupted = await Tool.HashGridAsync([.. command, whole]);
        Assert.That(uninterrupted.ExitCode, Is.Zero, uninterrupted.Error);

        using (Process process = Tool.Start("hashgrid", [.. command, parts]))
        {
            string? line;
            do
                line = await process.StandardError.ReadLineAsync().WaitAsync(Tool.Limit);
            while (line is not null && !line.StartsWith("epoch 2/", StringComparison.Ordinal));
            Tool.Signal(process, PosixSignal.SIGINT);
            ToolRun interrupted = await Tool.EndAsync(process);
            Assert.That(interrupted.ExitCode, Is.EqualTo(130), interrupted.Error);
            Assert.That(interrupted.Error, Does.Contain("train --resume --out"));
        }
        Assert.That(File.Exists(Path.Combine(parts, "last.safetensors")), Is.False);
        ToolRun resumed = await Tool.HashGridAsync("train", "--resume", "--out", parts);

        Assert.That(resumed.ExitCode, Is.Zero, resumed.Error);
        Assert.That(resumed.Error, Does.Contain("going on with epoch"));
        foreach (string file in (string[])["last.safetensors", "best.safetensors"])
            Assert.That(Fingerprint(parts, file), Is.EqualTo(Fingerprint(whole, file)), file);
        Assert.That(Rows(parts), Is.EqualTo(Rows(whole)));

        ToolRun again = await Tool.HashGridAsync([.. command, parts]);
        Assert.That(again.ExitCode, Is.EqualTo(1));
        Assert.That(again.Error, Does.Contain("--resume"));
    }

    [Test]
    public async Task Train_WarmStartWithLittleMemory_KeepsFeaturesInAFileAndGivesTheSame()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder.File("little.json"), """{ "featureMemory": 1, "training": { "threads": 1, "views": 2 } }""");
        File.WriteAllText(folder.File("much.json"), """{ "training": { "threads": 1, "views": 2 } }""");

        foreach (string memory in (string[])["little", "much"])
        {
            ToolRun run = await Tool.HashGridAsync("train", "--data", Samples, "--format", "folder", "--preset", "warm-start", "--smoke", "--options", folder.File(memory + ".json"), "--out", folder.File(memory));
            Assert.That(run.ExitCode, Is.Zero, run.Error);
            Assert.That(run.Error.Contains("goes to", StringComparison.Ordinal), Is.EqualTo(memory == "little"), run.Error);
            Assert.That(File.Exists(Path.Combine(folder.File(memory), "features.bin")), Is.False, "the run is over");
        }
        Assert.That(Tensors(folder.File("little")), Is.EqualTo(Tensors(folder.File("much"))));
    }

    [TestCase("pairs need two", """{"training": {"batchSize": 1}}""")]
    [TestCase("'training.epoch' is no option; there are training.epochs", """{"training": {"epoch": 1}}""")]
    [TestCase("cannot be used", """{"training": {"epochs": "many"}}""")]
    [TestCase("name trunkWeights", """{"training": {"freeze": "lower"}}""")]
    [TestCase("cannot be used", "epochs: 3")]
    [TestCase("one batch needs 60000; use more pictures or a smaller batch", """{"training": {"batchSize": 60000}}""")]
    [TestCase("8 refined channels and 512 hidden units; give it more", """{"network": {"refinedWidth": 8}, "training": {"batchSize": 8, "linearStart": true, "freeze": "trunk", "views": 1, "centreBits": false}, "trunkWeights": "imagenet"}""")]
    public async Task Options_Wrong_ExitWithOneAndSayWhat(string expected, string options)
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder.File("options.json"), options);

        ToolRun run = await Tool.HashGridAsync("train", "--data", Samples, "--format", "folder", "--options", folder.File("options.json"), "--out", folder.File("run"));

        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.ErrorLines.Single(), Does.Contain(expected));
        Assert.That(Directory.Exists(folder.File("run")), Is.False);
    }

    [TestCase(2, "--data DIR and --format NAME are needed")]
    [TestCase(1, "nothing to resume", "--resume")]
    [TestCase(1, "does not exist", "--data", "/nonexistent", "--format", "nih")]
    [TestCase(1, "no Data_Entry_2017*.csv", "--data", "/", "--format", "nih")]
    [TestCase(2, "which --seed cannot change", "--resume", "--seed", "3")]
    [TestCase(2, "which --data, --preset, --options, --bits, --epochs, --smoke cannot change", "--resume", "--data", "/", "--preset", "paper", "--options", "a.json", "--bits", "48", "--epochs", "5", "--smoke")]
    [TestCase(2, "--bits is 7, expected 8 to 1024", "--data", "/", "--format", "nih", "--bits", "7")]
    [TestCase(2, "--epochs is 0, expected 1 or more", "--data", "/", "--format", "nih", "--epochs", "0")]
    [TestCase(2, "--method trains on the CPU", "--data", "/", "--format", "nih", "--method", "dsh", "--device", "cuda")]
    [TestCase(2, "--method takes no --preset", "--data", "/", "--format", "nih", "--method", "dsh", "--preset", "warm-start")]
    [TestCase(2, "--method itq makes no passes", "--data", "/", "--format", "nih", "--method", "itq", "--epochs", "3")]
    public async Task Train_ThatCannotBegin_SaysWhy(int code, string expected, params string[] arguments)
    {
        using var folder = new TempFolder();

        ToolRun run = await Tool.HashGridAsync(["train", "--out", folder.File("run"), .. arguments]);

        Assert.That(run.ExitCode, Is.EqualTo(code));
        Assert.That(run.ErrorLines.Single(), Does.Contain(expected));
        Assert.That(Directory.Exists(folder.File("run")), Is.False, "the next attempt finds nothing in its way");
    }

    /// <summary>A network so small that an epoch takes a fraction of a second.</summary>
    private static string Options(TempFolder folder, int epochs)
    {
        string path = folder.File("options.json");
        File.WriteAllText(path, $$"""
            {
              // comments are welcome
              "Network": { "trunkWidth": 4, "trunkBlocks": [1, 1, 1, 1], "inputSize": 64, "refinedWidth": 16, "hiddenWidth": 32, "bits": 16, "stemChannels": 1, "refineStride": 1 },
              "training": { "epochs": {{epochs}}, "batchSize": 8, "threads": 1, "cropFrom": 72, "flip": 0.5, "augmentationSeed": 9, "average": 0.9, "centreBits": true, "loss": { "perBit": true } },
            }
            """);
        return path;
    }

    private static string Fingerprint(string run, string file) => SafetensorsFile.Read(Path.Combine(run, file)).Metadata["fingerprint"];

    private static Dictionary<string, byte[]> Tensors(string run) =>
        SafetensorsFile.Read(Path.Combine(run, "last.safetensors")).Tensors.ToDictionary(pair => pair.Key, pair => pair.Value.Data.ToArray());

    /// <summary>loss.csv without its column of speed.</summary>
    private static string[] Rows(string run) => [.. File.ReadLines(Path.Combine(run, "loss.csv")).Select(row => string.Join(',', row.Split(',').Where((_, column) => column != 6)))];

    private static IEnumerable<string> Patients(string run, string file) => File.ReadLines(Path.Combine(run, file)).Skip(1).Select(row => row.Split(',')[^1]);
}
