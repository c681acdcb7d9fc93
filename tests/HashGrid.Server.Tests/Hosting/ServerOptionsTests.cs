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
        Assert.That(CommandLine.Parse(["--duplicates", text], []).Duplicates, Is.EqualTo(expected));

    [Test]
    public void Parse_EveryKindOfOption_SetsIt()
    {
        List<string> problems = [];
        ServerOptions options = CommandLine.Parse(
            ["--data", "folder", "--max-batch", "16", "--max-image-bytes", "8589934592", "--idle-timeout", "00:00:30", "--api-keys-for-local", "--allow-remote-plaintext", "false",
             "--listen", "127.0.0.1:0, unix:/tmp/s", "--log-level", "warning"], problems);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(problems, Is.Empty);
            Assert.That((options.DataDirectory, options.MaxBatch, options.MaxImageBytes, options.IdleTimeout), Is.EqualTo(("folder", 16, 8589934592, TimeSpan.FromSeconds(30))));
            Assert.That((options.ApiKeysForLocal, options.AllowRemotePlaintext, options.LogLevel), Is.EqualTo((true, false, Microsoft.Extensions.Logging.LogLevel.Warning)));
            Assert.That(options.Listen, Is.EqualTo(new[] { "127.0.0.1:0", "unix:/tmp/s" }));
        }
    }

    [Test]
    public void Parse_ManyProblems_NamesEachOnceAndReadsTheRest()
    {
        List<string> problems = [];
        ServerOptions options = CommandLine.Parse(
            ["--max-batch", "many", "--no-such", "1", "stray", "--listen", "--max-streams", "3", "--idle-timeout", "soon", "--api-keys-for-local", "perhaps", "--duplicates", "drop", "--threads", "9999999999", "--model"], problems);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(problems, Has.Count.EqualTo(9));
            Assert.That(problems, Has.One.EqualTo("MaxBatch is 'many', but a whole number is expected"));
            Assert.That(problems, Has.One.Contains("'--no-such' is no option").And.One.Contains("'stray' is no option"));
            Assert.That(problems, Has.One.Contains("'--listen' needs a value").And.One.Contains("'--model' needs a value"));
            Assert.That(problems, Has.One.Contains("'soon', but a time").And.One.Contains("'perhaps', but true or false").And.One.Contains("'drop', but one of Store, Link, Refuse"));
            Assert.That(problems, Has.One.Contains("9999999999"));
            Assert.That((options.MaxStreams, options.MaxBatch), Is.EqualTo((3, new ServerOptions().MaxBatch)));
        }
    }

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

    [TestCase("127.0.0.1:0", true)]
    [TestCase("[::1]:9464", true)]
    [TestCase("unix:/tmp/metrics", true)]
    [TestCase("0.0.0.0:9464", false)]
    [TestCase("[::]:9464", false)]
    [TestCase("192.168.1.1:9464", false)]
    public void Validate_Metrics_AreForThisMachineOnlyUnlessTold(string address, bool allowed)
    {
        // What the service itself may do says nothing about them.
        ServerOptions options = new() { MetricsListen = address, Listen = ["0.0.0.0:5080"], AllowRemotePlaintext = true };
        Assert.That(options.Validate(), allowed ? Is.Empty : Has.Count.EqualTo(1).And.One.Contains("AllowRemoteMetrics"));
        Assert.That((options with { AllowRemoteMetrics = true }).Validate(), Is.Empty);
    }

    [Test]
    public void Validate_RemoteMetricsWithoutAnAddress_AreRefused() =>
        Assert.That(new ServerOptions { AllowRemoteMetrics = true }.Validate().Single(), Does.Contain("needs MetricsListen"));

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
