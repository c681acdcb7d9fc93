using System.Text.Json;
using HashGrid.Tools.Tests.Support;

namespace HashGrid.Tools.Tests;

public class IndexCommandTests
{
    [Test]
    public async Task IndexBuildAndSearch_IndexFile_AnswersAsTheCodesDo()
    {
        const int Bits = 100, K = 7;
        using var folder = new TempFolder();
        ulong[] codes = Codes.Clustered(3, Bits, 5000), queries = Codes.Clustered(4, Bits, 8);
        string codesFile = folder.Write("codes", Codes.Bytes(codes)), queriesFile = folder.Write("queries", Codes.Bytes(queries));
        ToolRun build = await Tool.HashGridAsync("index", "build", "--codes", codesFile, "--bits", $"{Bits}", "--structures", "all", "--out", folder.File("index"), "--json");
        ToolRun search = await Tool.HashGridAsync("index", "search", "--index", folder.File("index"), "--queries", queriesFile, "-k", $"{K}", "--out", folder.File("out"), "--json");

        Assert.That(build.ExitCode, Is.Zero, build.Error);
        Assert.That(JsonDocument.Parse(build.Output).RootElement.GetProperty("codes").GetInt32(), Is.EqualTo(5000));
        Assert.That(search.ExitCode, Is.Zero, search.Error);
        Assert.That(JsonDocument.Parse(search.Output).RootElement.GetProperty("bits").GetInt32(), Is.EqualTo(Bits));
        byte[] bytes = await File.ReadAllBytesAsync(folder.File("out"));
        Assert.That(System.Runtime.InteropServices.MemoryMarshal.Cast<byte, int>(bytes).ToArray(), Is.EqualTo(Codes.BruteForce(codes, queries, Bits, K, Bits)));
    }

    [Test]
    public async Task IndexSearch_DamagedIndexFile_SaysWhatIsWrong()
    {
        using var folder = new TempFolder();
        ToolRun run = await Tool.HashGridAsync("index", "search", "--index", folder.Write("index", new byte[5000]), "--queries", folder.Write("queries", new byte[8]));
        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.Error, Does.StartWith("hashgrid: ").And.Contain("index"));
    }

    [Test]
    public async Task IndexExplain_AllStructures_TellsWhatEachEngineCost()
    {
        using var folder = new TempFolder();
        string codes = folder.Write("codes", Codes.Bytes(Codes.Clustered(3, 64, 20_000))), queries = folder.Write("queries", Codes.Bytes(Codes.Clustered(4, 64, 3)));
        ToolRun run = await Tool.HashGridAsync("index", "explain", "--codes", codes, "--bits", "64", "--queries", queries, "--number", "2", "--json");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        JsonElement[] rows = [.. JsonDocument.Parse(run.Output).RootElement.EnumerateArray()];
        Assert.That(rows.Select(row => row.GetProperty("asked").GetString()), Is.EqualTo((string[])["auto", "scan", "multi", "clusters"]));
        Assert.That(rows[1].GetProperty("candidates").GetInt32(), Is.EqualTo(20_000));
        Assert.That(rows[3].GetProperty("ran").GetString(), Is.EqualTo("clusters"));
        Assert.That(rows[0].GetProperty("reason").GetString(), Is.Not.Empty);
    }

    [Test]
    public async Task IndexExplain_Budget_SaysThatTheAnswerMayBeIncomplete()
    {
        using var folder = new TempFolder();
        string codes = folder.Write("codes", Codes.Bytes(Codes.Uniform(3, 64, 9000))), queries = folder.Write("queries", Codes.Bytes(Codes.Uniform(4, 64, 1)));
        ToolRun run = await Tool.HashGridAsync("index", "explain", "--codes", codes, "--bits", "64", "--queries", queries, "--max-candidates", "100");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Output.Split('\n')[1], Does.Contain(" 100 ").And.Contain(" no "));
    }

    [Test]
    public async Task IndexBench_MadeCodes_MeasuresEachCombination()
    {
        ToolRun run = await Tool.HashGridAsync(
            "index", "bench", "--make", "overlapping", "--count", "5000", "-k", "1,10", "--within", "5", "--engines", "auto,multi", "--threads", "1,2", "--batch", "--queries-used", "20", "--seconds", "0.01");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        JsonElement root = JsonDocument.Parse(run.Output).RootElement;
        Assert.That(root.GetProperty("codes").GetInt32(), Is.EqualTo(5000));
        JsonElement[] rows = [.. root.GetProperty("results").EnumerateArray()];
        Assert.That(rows, Has.Length.EqualTo(2 * 2 * (2 + 1 + 2)));
        Assert.That(rows.Select(row => row.GetProperty("ms_per_query").GetDouble()), Is.All.GreaterThan(0));
    }

    [TestCase("give either --codes FILE with --bits, or --index FILE")]
    [TestCase("--bits is missing", "--codes", "x")]
    [TestCase("the codes file nowhere does not exist", "--codes", "nowhere", "--bits", "64")]
    [TestCase("--engines names 'abacus'", "--make", "uniform", "--engines", "scan,abacus")]
    [TestCase("-k has 'ten'", "--make", "uniform", "-k", "ten")]
    public async Task IndexBench_WrongArguments_SayWhatIsPossible(string message, params string[] arguments)
    {
        ToolRun run = await Tool.HashGridAsync(["index", "bench", .. arguments]);
        Assert.That(run.ExitCode, Is.Not.Zero);
        Assert.That(run.Error, Does.StartWith("hashgrid: ").And.Contain(message));
    }
}
