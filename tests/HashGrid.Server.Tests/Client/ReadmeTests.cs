using System.Runtime.CompilerServices;
using HashGrid.Client;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Client;

/// <summary>The README's example is the text between the region marks below: it compiles, it runs, and the README shows the same lines.</summary>
[Category("EndToEnd")]
public class ReadmeTests
{
    [Test]
    public async Task Example_AgainstAServer_FindsWhatItStored()
    {
        using var images = new TempFolder();
        for (int i = 0; i < 4; i++)
            await File.WriteAllBytesAsync(Path.Combine(images.Path, $"{i}.png"), TestImages.Png(i));
        await using TestServer server = await TestServer.StartAsync();
        using var output = new StringWriter();

        await ExampleAsync(server.Url, images.Path, output).Soon();

        string[] lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(lines, Has.Length.EqualTo(4));
        Assert.That(lines[0].TrimEnd(), Is.EqualTo("0 bits: 0.png"));
    }

    [Test]
    public void Readme_ExampleBlock_IsTheTestedSource()
    {
        string readme = File.ReadAllText(Repository.PathOf("README.md"));
        string example = string.Join('\n', Region(File.ReadAllLines(Source())));

        Assert.That(readme.ReplaceLineEndings("\n"), Does.Contain($"```csharp\n{example}\n```"),
            "README.md must show the region readme-example of ReadmeTests.cs, line for line");
    }

    private static async Task ExampleAsync(string address, string folder, TextWriter output)
    {
        #region readme-example
        await using var client = new HashGridClient(address);                     // "http://127.0.0.1:5080" or "unix:/run/hashgrid.sock"
        await using IngestStream stream = await client.OpenIngestAsync();
        foreach (string path in Directory.GetFiles(folder, "*.png").Order())
        {
            byte[] file = await File.ReadAllBytesAsync(path);
            await stream.SendAsync(IngestItem.FromImage(ContentId.Of(file), file) with { Name = Path.GetFileName(path) });
        }
        await stream.CompleteAsync();                                             // every image is on disk now

        var query = SearchQuery.ByImage(await File.ReadAllBytesAsync(Path.Combine(folder, "0.png")));
        var fresh = new QueryOptions { AtLeastSequence = stream.StoreSequence };  // see what was just stored
        foreach (SearchMatch match in (await client.NearestAsync(query, k: 5, fresh)).Matches)
            output.WriteLine($"{match.Distance} bits: {match.Name}");
        #endregion
    }

    private static IEnumerable<string> Region(string[] lines)
    {
        const int Indent = 8;
        return lines.SkipWhile(line => !line.TrimStart().StartsWith("#region readme-example", StringComparison.Ordinal)).Skip(1)
            .TakeWhile(line => !line.TrimStart().StartsWith("#endregion", StringComparison.Ordinal))
            .Select(line => line.Length > Indent ? line[Indent..] : line.Trim());
    }

    private static string Source([CallerFilePath] string path = "") => path;
}
