using System.Numerics;
using System.Text.Json.Nodes;
using HashGrid.Model;
using HashGrid.Model.Datasets;
using HashGrid.Model.Imaging;
using HashGrid.Tools.Tests.Support;

namespace HashGrid.Tools.Tests;

public class EvaluateTests
{
    private static string Samples => Path.Combine(Repository.Root, "samples", "labels.csv");

    [TestCase(64)]
    [TestCase(16)]
    public async Task Evaluate_Samples_EqualsAnExhaustiveRanking(int bits)
    {
        using var folder = new TempFolder();
        string database = WriteRole(folder, "database"), queries = WriteRole(folder, "query");

        ToolRun run = await Tool.HashGridAsync("evaluate", "--model", TinyModel.NestedPath, "--database", database, "--queries", queries, "--bits", $"{bits}", "--json");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        JsonNode report = JsonNode.Parse(run.Output)!;
        (double map, double p10) = Exhaustive(ImageDatasets.ReadCsv(Samples, role: "database"), ImageDatasets.ReadCsv(Samples, role: "query"), bits);
        Assert.Multiple(() =>
        {
            Assert.That((double)report["map"]!, Is.EqualTo(map).Within(1e-9));
            Assert.That((double)report["p10"]!, Is.EqualTo(p10).Within(1e-9));
            Assert.That((double)report["map_low"]!, Is.LessThan(map));
            Assert.That((double)report["map_high"]!, Is.GreaterThan(map));
            foreach (string key in (string[])["ndcg100", "map_tie_aware", "ndcg100_tie_aware", "map_random", "map10", "map100_found"])
                Assert.That((double)report[key]!, Is.InRange(0.01, 1), key);
            Assert.That((int)report["bits"]!, Is.EqualTo(bits));
            Assert.That((int)report["queries"]!, Is.EqualTo(14));
            Assert.That((int)report["database"]!, Is.EqualTo(46));
            Assert.That((int)report["shared_patients"]!, Is.Zero);
        });
    }

    [Test]
    public async Task Evaluate_InBytesAfterCalibrating_TellsHowManyBitsDiffer()
    {
        using var folder = new TempFolder();
        string weights = folder.File("calibrated.safetensors"), queries = WriteRole(folder, "query");

        ToolRun calibrated = await Tool.HashGridAsync("calibrate", Samples, "--model", TinyModel.Path, "--out", weights, "--count", "20", "--json");
        ToolRun run = await Tool.HashGridAsync(
            "evaluate", "--model", weights, "--database", queries, "--queries", queries, "--precision", "int8", "--compare", "float32", "--json");

        Assert.That(calibrated.ExitCode, Is.Zero, calibrated.Error);
        Assert.That(run.ExitCode, Is.Zero, run.Error);
        JsonNode made = JsonNode.Parse(calibrated.Output)!, report = JsonNode.Parse(run.Output)!;
        Assert.Multiple(() =>
        {
            Assert.That((int)made["images"]!, Is.EqualTo(20));
            Assert.That((string)report["fingerprint"]!, Is.EqualTo((string)made["fingerprint_int8"]!));
            Assert.That(((string)report["engine"]!, (string)report["precision"]!, (string)report["model"]!), Is.EqualTo(("onnx", "int8", "random-64-int8")));
            Assert.That((string)report["compared"]!["precision"]!, Is.EqualTo("float32"));
            Assert.That((double)report["compared"]!["different_bits"]!, Is.InRange(0, 0.25));
        });
    }

    [Test]
    public async Task BenchEncoder_WithImages_MeasuresEveryWay()
    {
        using var folder = new TempFolder();
        string weights = folder.File("calibrated.safetensors"), image = Directory.GetFiles(Path.Combine(Repository.Root, "samples", "images")).Order(StringComparer.Ordinal).First();

        ToolRun calibrated = await Tool.HashGridAsync("calibrate", image, "--model", TinyModel.Path, "--out", weights);
        ToolRun run = await Tool.HashGridAsync("bench", "encoder", "--model", weights, "--threads", "1", "--batch", "2", "--seconds", "0.05", "--images", image, "--json");

        Assert.That(calibrated.ExitCode, Is.Zero, calibrated.Error);
        Assert.That(run.ExitCode, Is.Zero, run.Error);
        JsonNode report = JsonNode.Parse(run.Output)!;
        JsonArray results = report["results"]!.AsArray(), pipeline = report["pipeline"]!.AsArray();
        Assert.Multiple(() =>
        {
            Assert.That(results.Select(row => $"{row!["engine"]} {row["precision"]}"), Is.EqualTo(["modules float32", "torch float32", "torch bfloat16", "onnx float32", "onnx int8"]));
            Assert.That(results.Select(row => (double)row!["images_per_second"]!), Is.All.GreaterThan(0));
            Assert.That(pipeline.Select(row => (string)row!["precision"]!), Is.EqualTo(["float32", "int8"]));
            foreach (string key in (string[])["decode", "encode", "decode_and_encode", "service", "service_of_encode"])
                Assert.That(pipeline.Select(row => (double)row![key]!), Is.All.GreaterThan(0), key);
        });
    }

    [Test]
    public async Task Evaluate_EngineThatLacksThePrecision_ExitsWithTwo()
    {
        ToolRun run = await Tool.HashGridAsync("evaluate", "--database", Samples, "--queries", Samples, "--engine", "torch", "--precision", "int8");

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error, Does.Contain("precision int8 needs engine onnx"));
    }

    [Test]
    public async Task Evaluate_SameFileTwice_WarnsAndPrintsForPeople()
    {
        ToolRun run = await Tool.HashGridAsync("evaluate", "--database", Samples, "--queries", Samples, "--source", "NIH ChestX-ray14");

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.Zero, run.Error);
            Assert.That(run.Error, Does.Contain("patients are in both files"));
            Assert.That(run.Output, Does.Contain("mAP").And.Contain("64 of 64 bits").And.Match("queries +60"));
        });
    }

    [Test]
    public async Task Evaluate_FindingsOnly_LeavesOutQueriesThatShareNoFinding()
    {
        using var folder = new TempFolder();
        string database = WriteRole(folder, "database"), queries = WriteRole(folder, "query");
        HashSet<string> findings = [.. ImageDatasets.ReadCsv(database).SelectMany(image => image.Labels).Where(label => label != LabelledImage.NoFinding)];
        int without = ImageDatasets.ReadCsv(queries).Count(image => !image.Labels.Any(findings.Contains));

        ToolRun run = await Tool.HashGridAsync("evaluate", "--database", database, "--queries", queries, "--findings-only", "--json");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(without, Is.GreaterThan(0));
        Assert.That((int)JsonNode.Parse(run.Output)!["queries_left_out"]!, Is.EqualTo(without));
    }

    [Test]
    public async Task Evaluate_LinearGain_ChangesNdcgAlone()
    {
        using var folder = new TempFolder();
        string[] command = ["evaluate", "--database", WriteRole(folder, "database"), "--queries", WriteRole(folder, "query"), "--json"];
        JsonNode usual = JsonNode.Parse((await Tool.HashGridAsync(command)).Output)!, linear = JsonNode.Parse((await Tool.HashGridAsync([.. command, "--linear-gain"])).Output)!;
        Assert.That((double)linear["map"]!, Is.EqualTo((double)usual["map"]!));
        Assert.That((double)linear["ndcg100"]!, Is.Not.EqualTo((double)usual["ndcg100"]!).And.InRange(0, 1));
    }

    [Test]
    public async Task Evaluate_WidthThatTheWeightsLack_NamesThoseTheyHave()
    {
        ToolRun run = await Tool.HashGridAsync("evaluate", "--model", TinyModel.NestedPath, "--database", Samples, "--queries", Samples, "--bits", "48");

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error, Does.Contain("--bits is 48").And.Contain("16, 32, 64"));
    }

    [Test]
    public async Task Evaluate_MissingPicture_NamesFileAndRow()
    {
        using var folder = new TempFolder();
        string csv = folder.Write("a.csv", "file,labels,patient_id\nx/none.png,Edema,1\n"u8);

        ToolRun run = await Tool.HashGridAsync("evaluate", "--database", csv, "--queries", Samples);

        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.ErrorLines.Single(), Does.Contain("a.csv' line 2").And.Contain(Path.Combine("x", "none.png")));
    }

    [Test]
    public async Task Evaluate_DamagedPicture_NamesFileAndRow()
    {
        using var folder = new TempFolder();
        folder.Write("bad.jpg", File.ReadAllBytes(Directory.GetFiles(Path.Combine(Repository.Root, "samples", "images")).Order().First()).AsSpan(0, 2000));
        string csv = folder.Write("a.csv", "file,labels,patient_id\nbad.jpg,Edema,1\n"u8);

        ToolRun run = await Tool.HashGridAsync("evaluate", "--database", csv, "--queries", Samples);

        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.ErrorLines[^1], Does.Contain("bad.jpg").And.Contain("line 2"));
    }

    [TestCase("no row with source 'none'", "--source", "none")]
    [TestCase("cannot be read", "--model", "/nonexistent/model.safetensors")]
    public async Task Evaluate_ThatCannotBeDone_ExitsWithOneAndOneLine(string expected, params string[] arguments)
    {
        ToolRun run = await Tool.HashGridAsync(["evaluate", "--database", Samples, "--queries", Samples, .. arguments]);

        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.ErrorLines.Single(), Does.Contain(expected));
    }

    /// <summary>The rows of one role, with absolute paths.</summary>
    private static string WriteRole(TempFolder folder, string role)
    {
        IEnumerable<string> rows = ImageDatasets.ReadCsv(Samples, role: role).Select(image => $"{image.Path},{string.Join('|', image.Labels)},{image.Patient}");
        string path = folder.File(role + ".csv");
        File.WriteAllLines(path, rows.Prepend("file,labels,patient_id"));
        return path;
    }

    private static (double Map, double P10) Exhaustive(IReadOnlyList<LabelledImage> database, IReadOnlyList<LabelledImage> queries, int bits)
    {
        using HashEncoder encoder = HashEncoder.Load(TinyModel.NestedPath, new HashEncoderOptions { Device = "cpu", Threads = 1 });
        ulong Code(LabelledImage image)
        {
            float[] pixels = new float[64 * 64];
            ulong[] code = new ulong[1];
            ImageReader.Decode(File.ReadAllBytes(image.Path), 64, pixels);
            encoder.Encode(pixels, 1, code);
            return code[0] << (64 - bits) >> (64 - bits);
        }
        ulong[] stored = [.. database.Select(Code)];
        double map = 0, p10 = 0;
        foreach (LabelledImage query in queries)
        {
            ulong asked = Code(query);
            bool[] hits = [.. Enumerable.Range(0, stored.Length).OrderBy(i => BitOperations.PopCount(stored[i] ^ asked)).Select(i => database[i].Labels.Intersect(query.Labels).Any())];
            map += hits.Index().Where(hit => hit.Item).Average(hit => hits.Take(hit.Index + 1).Count(one => one) / (hit.Index + 1.0)) / queries.Count;
            p10 += hits.Take(10).Count(one => one) / 10.0 / queries.Count;
        }
        return (map, p10);
    }
}
