using System.Runtime.InteropServices;
using System.Text.Json;
using HashGrid.Tools.Tests.Support;

namespace HashGrid.Tools.Tests;

[Category("Oracle")]
public class IndexSearchTests
{
    private static string[] Engines => ["auto", "scan", "multi", "clusters"];

    [Test]
    public async Task IndexSearch_EveryEngine_EqualsBruteForce([Values(16, 48, 64, 128, 256)] int bits, [Values] bool clustered)
    {
        const int K = 12;
        using var folder = new TempFolder();
        ulong[] codes = clustered ? Codes.Clustered(7, bits, 6000) : Codes.Uniform(7, bits, 6000);
        ulong[] queries = [.. clustered ? Codes.Clustered(8, bits, 9) : Codes.Uniform(8, bits, 9), .. codes.AsSpan(0, (bits + 63) / 64)];
        string codesFile = folder.Write("codes", Codes.Bytes(codes)), queriesFile = folder.Write("queries", Codes.Bytes(queries));
        int[] expected = Codes.BruteForce(codes, queries, bits, K, bits);

        foreach (string engine in Engines)
        {
            ToolRun run = await Tool.HashGridAsync(
                "index", "search", "--codes", codesFile, "--bits", $"{bits}", "--queries", queriesFile, "-k", $"{K}", "--engine", engine, "--out", folder.File("out"));

            Assert.That(run.ExitCode, Is.Zero, run.Error);
            Assert.That(Answer(folder.File("out")), Is.EqualTo(expected), $"engine {engine}");
        }
    }

    [Test]
    public async Task IndexSearch_Within_EqualsBruteForceAndPadsShortLists([Values("scan", "multi", "clusters")] string engine, [Values(1, 2)] int threads)
    {
        const int Bits = 64, K = 300, Radius = 16;
        using var folder = new TempFolder();
        ulong[] codes = Codes.Clustered(11, Bits, 5000), queries = Codes.Clustered(12, Bits, 10);
        ToolRun run = await Tool.HashGridAsync(
            "index", "search", "--codes", folder.Write("codes", Codes.Bytes(codes)), "--bits", $"{Bits}", "--queries", folder.Write("queries", Codes.Bytes(queries)),
            "-k", $"{K}", "--within", $"{Radius}", "--engine", engine, "--threads", $"{threads}", "--out", folder.File("out"));

        int[] answer = Answer(folder.File("out"));
        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(answer, Is.EqualTo(Codes.BruteForce(codes, queries, Bits, K, Radius)));
        Assert.That(answer, Does.Contain(-1), "the test should see short lists");
    }

    [Test]
    public async Task IndexSearch_KAboveCount_PadsWithMinusOne()
    {
        using var folder = new TempFolder();
        ulong[] codes = [0b0, 0b1, 0b11], queries = [0b1];
        ToolRun run = await Tool.HashGridAsync(
            "index", "search", "--codes", folder.Write("codes", Codes.Bytes(codes)), "--bits", "8", "--queries", folder.Write("queries", Codes.Bytes(queries)),
            "-k", "5", "--out", folder.File("out"));

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(Answer(folder.File("out")), Is.EqualTo((int[])[0, 1, 1, 0, 1, 2, -1, -1, -1, -1]));
    }

    [Test]
    public async Task IndexSearch_Json_PrintsOneObjectWithTheKnownKeys()
    {
        using var folder = new TempFolder();
        string codes = folder.Write("codes", Codes.Bytes(Codes.Uniform(3, 128, 500)));
        ToolRun run = await Tool.HashGridAsync("index", "search", "--codes", codes, "--bits", "128", "--queries", codes, "-k", "2", "--engine", "multi", "--threads", "2", "--json");

        using JsonDocument json = JsonDocument.Parse(run.Output);
        JsonElement root = json.RootElement;
        Assert.Multiple(() =>
        {
            Assert.That(root.EnumerateObject().Select(property => property.Name), Is.EqualTo(
                (string[])["codes", "bits", "queries", "k", "threads", "engine", "ran", "build_seconds", "search_seconds", "exact"]));
            Assert.That(root.GetProperty("codes").GetInt32(), Is.EqualTo(500));
            Assert.That(root.GetProperty("queries").GetInt32(), Is.EqualTo(500));
            Assert.That(root.GetProperty("engine").GetString(), Is.EqualTo("multi"));
            Assert.That(root.GetProperty("search_seconds").GetDouble(), Is.GreaterThan(0));
            Assert.That(root.GetProperty("exact").GetBoolean(), Is.True);
        });
    }

    [Test]
    public async Task IndexSearch_NoOutAndNoJson_PrintsQueryIdAndDistance()
    {
        using var folder = new TempFolder();
        ulong[] codes = [0b0, 0b111];
        string file = folder.Write("codes", Codes.Bytes(codes));
        ToolRun run = await Tool.HashGridAsync("index", "search", "--codes", file, "--bits", "16", "--queries", file, "-k", "2");

        Assert.That(run.Output, Is.EqualTo("0\t0\t0\n0\t1\t3\n1\t1\t0\n1\t0\t3\n"));
    }

    [TestCase("-k is 0", 2, "-k", "0")]
    [TestCase("--bits is 7", 2, "--bits", "7")]
    [TestCase("--within is 65", 2, "--within", "65")]
    [TestCase("--threads is -1", 2, "--threads", "-1")]
    [TestCase("'x'", 2, "-k", "x")]
    [TestCase("'fast'", 2, "--engine", "fast")]
    [TestCase("'--nonsense'", 2, "--nonsense")]
    [TestCase("is empty", 1, "--codes", "empty")]
    [TestCase("13 bytes, which is no multiple of 8", 1, "--codes", "odd")]
    [TestCase("does not exist", 1, "--codes", "absent")]
    [TestCase("bits set above bit 47", 1, "--bits", "48")]
    public async Task IndexSearch_BadInput_SaysItInOneLine(string expected, int exitCode, params string[] arguments)
    {
        using var folder = new TempFolder();
        folder.Write("empty", []);
        folder.Write("odd", new byte[13]);
        ulong[] good = [ulong.MaxValue];
        string file = folder.Write("good", Codes.Bytes(good));
        Dictionary<string, string> given = new() { ["--codes"] = file, ["--queries"] = file, ["--bits"] = "64" };
        given[arguments[0]] = arguments is [_, var value] ? value is "empty" or "odd" or "absent" ? folder.File(value) : value : "";
        ToolRun run = await Tool.HashGridAsync(["index", "search", .. given.SelectMany(pair => (string[])[pair.Key, pair.Value]).Where(word => word.Length > 0)]);

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.EqualTo(exitCode), run.Error);
            Assert.That(run.ErrorLines, Has.Length.EqualTo(1));
            Assert.That(run.Error, Does.StartWith("hashgrid: ").And.Contains(expected));
            Assert.That(run.Output, Is.Empty);
        });
    }

    private static int[] Answer(string path) => MemoryMarshal.Cast<byte, int>(File.ReadAllBytes(path)).ToArray();
}
