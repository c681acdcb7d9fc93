using HashGrid.Client;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Client;

public class ClientPublicApiTests
{
    private static string FilePath => Repository.PathOf("src", "HashGrid.Client", "PublicAPI.txt");

    [Test]
    public void PublicSurface_Client_EqualsPublicApiFile()
    {
        string actual = string.Join('\n', PublicSurface.Of(typeof(HashGridClient).Assembly, type =>
            type.Namespace?.StartsWith("HashGrid.Protos.V1", StringComparison.Ordinal) == false)) + "\n";
        if (Environment.GetEnvironmentVariable("HASHGRID_UPDATE_API") == "1")
            File.WriteAllText(FilePath, actual);

        Assert.That(File.ReadAllText(FilePath), Is.EqualTo(actual),
            "the client's public API changed; if that is meant, run this test once with HASHGRID_UPDATE_API=1 and commit PublicAPI.txt");
    }

    [Test]
    public void PublicTypes_Client_LiveInTheRootFolder()
    {
        string[] rootFiles = [.. Directory.GetFiles(Repository.PathOf("src", "HashGrid.Client"), "*.cs").Select(f => Path.GetFileNameWithoutExtension(f)!)];
        string[] names = [.. typeof(HashGridClient).Assembly.GetExportedTypes()
            .Where(type => type is { IsNested: false, Namespace: "HashGrid.Client" or "Microsoft.Extensions.DependencyInjection" })
            .Select(type => type.Name)];

        Assert.That(names, Is.Not.Empty.And.SubsetOf(rootFiles));
    }
}
