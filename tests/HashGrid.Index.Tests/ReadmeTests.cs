using System.Runtime.CompilerServices;
using HashGrid.Index.Tests.Support;

namespace HashGrid.Index.Tests;

/// <summary>The sample of the package's README is the body of <see cref="Sample"/>, line by line, and prints what it says.</summary>
internal sealed class ReadmeTests
{
    [Test]
    public void Sample_Runs_PrintsWhatItSays()
    {
        using var folder = new TemporaryFolder();
        string before = Environment.CurrentDirectory;
        TextWriter console = Console.Out;
        using var printed = new StringWriter();
        try
        {
            Environment.CurrentDirectory = folder.Path;
            Console.SetOut(printed);
            Sample();
        }
        finally
        {
            Console.SetOut(console);
            Environment.CurrentDirectory = before;
        }
        Assert.That(printed.ToString().ReplaceLineEndings("\n"), Is.EqualTo("7 at 0\n9 at 1\n2\n"));
    }

    [Test]
    public void Sample_IsTheOneInTheReadme()
    {
        string here = ThisFile(), readme = File.ReadAllText(Path.Combine(Path.GetDirectoryName(here)!, "../../src/HashGrid.Index/README.md"));
        string sample = readme.Split("```csharp")[1].Split("```")[0].Replace("using HashGrid.Index;", "");
        string body = File.ReadAllText(here).Split("// sample begins\n")[1].Split("        // sample ends")[0];
        Assert.That(Lines(body), Is.EqualTo(Lines(sample)));
    }

    private static void Sample()
    {
        // sample begins
        using var index = new HammingIndex(new CodeWidth(64));
        index.Add(id: 7, [0b1011]);
        index.Add(id: 9, [0b1000]);
        index.Upsert(id: 9, [0b1010]);                                   // replaces; searches run on meanwhile

        Span<Neighbor> nearest = stackalloc Neighbor[2];                 // k = 2
        SearchResult found = index.NearestSearch([0b1011], nearest);
        foreach (Neighbor neighbor in nearest[..found.Count])
            Console.WriteLine($"{neighbor.Id} at {neighbor.Distance}");  // 7 at 0, 9 at 1

        index.Save("codes.hgx");                                         // all or nothing, checksummed
        using HammingIndex again = HammingIndex.Open("codes.hgx");       // memory-mapped, nothing is rebuilt
        Console.WriteLine(again.Count);                                  // 2
        // sample ends
    }

    private static string[] Lines(string text) =>
        [.. text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)];

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
