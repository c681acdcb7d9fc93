using HashGrid.Server.Hosting;
using HashGrid.Server.Storage;

namespace HashGrid.Server.Tests.Hosting;

public sealed class ServerOptionsTests
{
    [Test]
    public void Validate_Defaults_HaveNoProblem() => Assert.That(new ServerOptions().Validate(), Is.Empty);

    [Test]
    public void Validate_ManyProblems_NamesEach()
    {
        ServerOptions options = new() { DataDirectory = " ", Device = "tpu", MaxMessageBytes = 1, MaxQueuedBytes = 1, Listen = ["nonsense", "0.0.0.0:80"], IdleTimeout = TimeSpan.Zero };
        Assert.That(options.Validate(), Has.Count.EqualTo(7));
    }

    [Test]
    public void Validate_PrecisionThatTheEngineLacks_IsRefusedAtStart() =>
        Assert.That(new ServerOptions { Engine = "torch", Precision = "int8" }.Validate().Single(), Does.Contain("precision int8 needs engine onnx"));

    [TestCase("store", DuplicateMode.Store)]
    [TestCase("link", DuplicateMode.Link)]
    [TestCase("Refuse", DuplicateMode.Refuse)]
    public void Parse_Duplicates_IsAnyOfItsModes(string text, DuplicateMode expected) =>
        Assert.That(CommandLine.Parse(["--duplicates", text], out _)?.Duplicates, Is.EqualTo(expected));

    [TestCase("127.0.0.1:0", true)]
    [TestCase("localhost:5080", true)]
    [TestCase("[::1]:5080", true)]
    [TestCase("unix:/tmp/hashgrid.sock", true)]
    [TestCase("0.0.0.0:5080", false)]
    [TestCase("192.168.1.1:5080", false)]
    [TestCase("[::]:5080", false)]
    public void Validate_Plaintext_IsForThisMachineOnlyUnlessTold(string address, bool allowed)
    {
        ServerOptions options = new() { Listen = [address] };
        Assert.That(options.Validate(), allowed ? Is.Empty : Has.One.Contains("without encryption"));
        Assert.That((options with { AllowRemotePlaintext = true }).Validate(), Is.Empty);
    }

    [Test]
    public void Validate_RemoteWithTlsButWithoutCredentials_IsRefused()
    {
        string file = typeof(ServerOptionsTests).Assembly.Location;
        ServerOptions options = new() { Listen = ["0.0.0.0:5080"], CertificatePath = file, CertificateKeyPath = file };
        Assert.That(options.Validate(), Has.One.Contains("reachable by anybody"));
        Assert.That((options with { ApiKeysPath = file }).Validate(), Is.Empty);
        Assert.That((options with { ClientCaPath = file }).Validate(), Is.Empty);
        Assert.That((options with { ClientCaPath = "/no/such/file" }).Validate(), Has.One.Contains("/no/such/file"));
    }

    [TestCase("127.0.0.1")]
    [TestCase("127.0.0.1:")]
    [TestCase("127.0.0.1:70000")]
    [TestCase("127.0.0.1:-1")]
    [TestCase("example.org:80")]
    [TestCase("::1:80")]
    [TestCase("unix:")]
    [TestCase("")]
    public void Parse_NoAddress_SaysWhy(string text)
    {
        Assert.That(ListenAddress.Parse(text, out string? problem), Is.Null);
        Assert.That(problem, Is.Not.Empty);
    }

    [Test]
    public void Parse_UnixPathTooLong_SaysTheLimit()
    {
        Assert.That(ListenAddress.Parse("unix:/" + new string('x', 107), out string? problem), Is.Null);
        Assert.That(problem, Does.Contain("107"));
    }
}
