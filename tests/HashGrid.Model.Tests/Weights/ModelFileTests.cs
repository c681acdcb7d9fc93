using System.Text;
using HashGrid.Model.Weights;

namespace HashGrid.Model.Tests.Weights;

public sealed class ModelFileTests
{
    private string _folder = "";

    [SetUp]
    public void CreateFolder() => _folder = Directory.CreateTempSubdirectory("hashgrid-test-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Load_AfterSave_SameNetworkAndIdentity([Values] bool half)
    {
        string path = Path.Combine(_folder, "a.safetensors");
        using HashNet saved = Parity.Net();
        ModelIdentity identity = ModelFile.Save(path, saved, "parity", half);
        (HashNet loaded, ModelIdentity read) = ModelFile.Load(path);
        using HashNet owned = loaded;
        Assert.That(read, Is.EqualTo(identity));
        Assert.That(read.Fingerprint, Does.Match("^[0-9a-f]{64}$"));
        Assert.That(loaded.Table["fc.weight"].allclose(saved.Table["fc.weight"], rtol: half ? 1e-3 : 0, atol: half ? 1e-3 : 0), Is.True);
        Assert.That(loaded.Options.Labels, Is.EqualTo(saved.Options.Labels));
    }

    /// <summary>The text as weights have held it since the first of them: it enters the fingerprint.</summary>
    [Test]
    public void Json_OptionsAddedLater_AreThereOnlyWhereTheyDiffer()
    {
        const string First = """{"Trunk":"resnet50","TrunkWidth":64,"TrunkBlocks":[3,4,6,3],"TrunkFolded":false,"SamePadding":false,"Scaling":"ImageNet","InputSize":224,"FeatureStage":5,"Mlp":"Positions","StandardDescriptors":false,"MlpRatio":4,"Descriptors":"All","Branches":"Both","ShareRefinement":false,"RefinedWidth":256,"HiddenWidth":512,"Bits":64,"Labels":[],"ClassifyFromHidden":false}""";
        Assert.That(System.Text.Json.JsonSerializer.Serialize(new HashNetOptions(), ModelFile.Json), Is.EqualTo(First));

        string path = Path.Combine(_folder, "a.safetensors");
        HashNetOptions changed = Parity.Options with { StemChannels = 1, PooledMax = true, AttentionBias = 0.25, RefineStride = 1, RefinePool = false, RefineSkip = 3 };
        using var saved = new HashNet(changed);
        ModelFile.Save(path, saved, "switched");
        (HashNet loaded, _) = ModelFile.Load(path);
        using (loaded)
            Assert.That(loaded.Options with { Labels = [], TrunkBlocks = changed.TrunkBlocks }, Is.EqualTo(changed with { Labels = [] }).Using<HashNetOptions>((a, b) => a.ToString() == b.ToString()));
    }

    [Test]
    public void Load_NestedBits_GivesEveryWidth()
    {
        string path = Path.Combine(_folder, "a.safetensors");
        using HashNet saved = Parity.Net();
        Assert.That(ModelFile.Save(path, saved, "parity").Widths, Is.EqualTo([48]));
        ModelIdentity identity = ModelFile.Save(path, saved, "parity", notes: new Dictionary<string, string> { [ModelFile.NestedBits] = "32, 16,48" });
        Assert.That(identity.Widths, Is.EqualTo([16, 32, 48]));
        (HashNet loaded, ModelIdentity read) = ModelFile.Load(path);
        loaded.Dispose();
        Assert.That(read, Is.EqualTo(identity));
    }

    [TestCase("16,many")]
    [TestCase("0")]
    [TestCase("64")]
    public void Save_NestedBitsThatCannotBe_AreRefused(string nested)
    {
        using HashNet net = Parity.Net();
        var notes = new Dictionary<string, string> { [ModelFile.NestedBits] = nested };
        Assert.That(Assert.Throws<ModelFileException>(() => ModelFile.Save(Path.Combine(_folder, "a.safetensors"), net, "parity", notes: notes))!.Message, Does.Contain(nested).And.Contain("48"));
    }

    [Test]
    public void Load_OneByteChanged_IsRefused()
    {
        string path = Path.Combine(_folder, "a.safetensors");
        using HashNet saved = Parity.Net();
        ModelFile.Save(path, saved, "parity");
        byte[] bytes = File.ReadAllBytes(path);
        bytes[^5] ^= 1;
        File.WriteAllBytes(path, bytes);
        Assert.That(Assert.Throws<ModelFileException>(() => ModelFile.Load(path))!.Message, Does.Contain("fingerprint").And.Contain(path));
    }

    [Test]
    public void Load_CutOffMissingOrPlain_OneClearLine()
    {
        string path = Path.Combine(_folder, "a.safetensors");
        Assert.That(Assert.Throws<ModelFileException>(() => ModelFile.Load(path))!.Message, Does.Contain(path));
        File.WriteAllBytes(path, new byte[3]);
        Assert.That(Assert.Throws<ModelFileException>(() => ModelFile.Load(path))!.Message, Does.Contain("3 bytes"));
        Assert.That(Assert.Throws<ModelFileException>(() => ModelFile.Load(TestFiles.Path("parity", "weights.safetensors")))!.Message, Does.Contain("weights that HashGrid wrote"));
    }

    [TestCase("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "begins at 0")]
    [TestCase("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", "need 12")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", "outside")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "cover 4")]
    [TestCase("""{"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}""", "F33")]
    [TestCase("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", "bad shape")]
    public void Parse_MalformedHeader_IsRefused(string header, string expected)
    {
        byte[] file = [.. BitConverter.GetBytes((long)Encoding.UTF8.GetByteCount(header)), .. Encoding.UTF8.GetBytes(header), .. new byte[8]];
        Assert.That(Assert.Throws<InvalidDataException>(() => SafetensorsFile.Parse(file))!.Message, Does.Contain(expected));
    }

    [Test]
    public void Parse_HugeHeader_IsRefused() => Assert.Throws<InvalidDataException>(() => SafetensorsFile.Parse(Enumerable.Repeat((byte)0xff, 64).ToArray()));
}
