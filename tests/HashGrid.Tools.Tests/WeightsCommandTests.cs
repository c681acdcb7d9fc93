using HashGrid.Model;
using HashGrid.Model.Weights;
using HashGrid.Tools.Tests.Support;

namespace HashGrid.Tools.Tests;

public class WeightsCommandTests
{
    private const string Network = """{"network": {"trunkWidth": 4, "trunkBlocks": [1, 1, 1, 1], "inputSize": 64, "refinedWidth": 16, "hiddenWidth": 32, "bits": 16}}""";

    [Test]
    public async Task ExportThenImport_TheTrunk_KeepsEveryValue()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder.File("options.json"), Network);

        ToolRun exported = await Tool.HashGridAsync("export-weights", "--model", TinyModel.Path, "--trunk-only", "--out", folder.File("trunk.safetensors"));
        ToolRun imported = await Tool.HashGridAsync("import-weights", folder.File("trunk.safetensors"), "--options", folder.File("options.json"), "--out", folder.File("net.safetensors"));

        Assert.That(exported.ExitCode, Is.Zero, exported.Error);
        Assert.That(imported.ExitCode, Is.Zero, imported.Error);
        IReadOnlyDictionary<string, SafetensorsEntry> trunk = SafetensorsFile.Read(folder.File("trunk.safetensors")).Tensors;
        IReadOnlyDictionary<string, SafetensorsEntry> from = SafetensorsFile.Read(TinyModel.Path).Tensors, to = SafetensorsFile.Read(folder.File("net.safetensors")).Tensors;
        Assert.That(trunk.Keys, Does.Contain("conv1.weight").And.Contain("layer4.0.downsample.1.running_var"));
        foreach ((string name, SafetensorsEntry entry) in trunk)
        {
            Assert.That(entry.Data.Span.SequenceEqual(from["trunk." + name].Data.Span), Is.True, name);
            Assert.That(entry.Data.Span.SequenceEqual(to["trunk." + name].Data.Span), Is.True, name);
        }
        (HashNet net, ModelIdentity identity) = ModelFile.Load(folder.File("net.safetensors"));
        net.Dispose();
        Assert.That(identity.Bits, Is.EqualTo(16));
        Assert.That(imported.Output, Does.Contain(identity.Fingerprint));
    }

    [Test]
    public async Task Export_Half_KeepsNameAndNestedWidths()
    {
        using var folder = new TempFolder();

        ToolRun run = await Tool.HashGridAsync("export-weights", "--model", TinyModel.NestedPath, "--half", "--out", folder.File("half.safetensors"));

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        (HashNet net, ModelIdentity identity) = ModelFile.Load(folder.File("half.safetensors"));
        net.Dispose();
        Assert.That(identity.Name, Is.EqualTo("random-64"));
        Assert.That(identity.Widths, Is.EqualTo([16, 32, 64]));
        Assert.That(new FileInfo(folder.File("half.safetensors")).Length, Is.LessThan(new FileInfo(TinyModel.NestedPath).Length * 6 / 10));
    }

    [Test]
    public async Task Import_OfAnotherNetwork_ExitsWithOneAndNamesATensor()
    {
        using var folder = new TempFolder();

        ToolRun run = await Tool.HashGridAsync("import-weights", TinyModel.Path, "--trunk", "mobilenet_v2", "--out", folder.File("net.safetensors"));

        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.ErrorLines.Single(), Does.Contain("features.0.0.weight").And.Contain("mobilenet_v2"));
        Assert.That(File.Exists(folder.File("net.safetensors")), Is.False);
    }
}
