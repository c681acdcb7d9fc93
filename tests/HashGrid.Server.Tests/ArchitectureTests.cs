using System.Reflection;
using HashGrid.Index;
using HashGrid.Model;
using HashGrid.Protos.V1;

namespace HashGrid.Server.Tests;

/// <summary>The arrows between the projects go one way; each is asserted from what the compiler wrote into the assemblies.</summary>
public sealed class ArchitectureTests
{
    private static readonly Assembly Index = typeof(HammingIndex).Assembly;
    private static readonly Assembly Model = typeof(HashEncoder).Assembly;
    private static readonly Assembly Server = typeof(ServerHost).Assembly;
    private static readonly Assembly Client = typeof(SearchReply).Assembly;

    [Test]
    public void Index_References_BaseLibraryOnly() =>
        Assert.That(References(Index), Has.All.StartsWith("System."));

    [Test]
    public void Model_References_NeitherStorageNorTransport() =>
        Assert.That(References(Model).Where(name => !name.StartsWith("System.", StringComparison.Ordinal)), Is.SubsetOf(new[] { "TorchSharp", "NetVips", "Microsoft.ML.OnnxRuntime", "Google.Protobuf" }));

    [Test]
    public void Server_References_IndexAndModel() =>
        Assert.That(References(Server).Where(name => name.StartsWith("HashGrid.", StringComparison.Ordinal)), Is.EquivalentTo(new[] { "HashGrid.Index", "HashGrid.Model" }));

    [Test]
    public void Server_References_NeitherTorchNorImageLibraries() =>
        Assert.That(References(Server), Does.Not.Contain("TorchSharp").And.Not.Contains("NetVips"));

    [Test]
    public void Client_References_NoOtherPart() =>
        Assert.That(References(Client).Where(name => name.StartsWith("HashGrid", StringComparison.Ordinal)), Is.Empty);

    [Test]
    public void Client_References_NothingOfTheServer() =>
        Assert.That(References(Client), Has.None.StartsWith("Microsoft.AspNetCore").And.None.StartsWith("FASTER"));

    [Test]
    public void Server_ProtocolMessages_AreInternal() =>
        Assert.That(Server.GetExportedTypes().Where(type => type.Namespace == "HashGrid.Protos.V1"), Is.Empty);

    [Test]
    public void Server_OnlyTheJournalAndTable_SeeFaster()
    {
        IEnumerable<string> strangers = Server.GetTypes()
            .Where(type => type.Namespace is { } name && name.StartsWith("HashGrid.Server", StringComparison.Ordinal) && !name.StartsWith("HashGrid.Server.Storage", StringComparison.Ordinal))
            .SelectMany(type => type.GetFields(BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Where(field => field.FieldType.Assembly.GetName().Name!.StartsWith("FASTER", StringComparison.Ordinal))
            .Select(field => $"{field.DeclaringType}.{field.Name}");
        Assert.That(strangers, Is.Empty);
    }

    private static string[] References(Assembly assembly) => [.. assembly.GetReferencedAssemblies().Select(reference => reference.Name!)];
}
