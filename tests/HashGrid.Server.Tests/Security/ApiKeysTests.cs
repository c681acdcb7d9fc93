using HashGrid.Server.Security;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Security;

public sealed class ApiKeysTests
{
    private const string File1 = "# keys of the ward\n\n  north: not trimmed inside \nsouth:0123456789abcdef\n";

    [TestCase("Bearer 0123456789abcdef", "south")]
    [TestCase("bearer  0123456789abcdef ", "south")]
    [TestCase("Bearer 0123456789abcdeF", null)]
    [TestCase("Bearer ", null)]
    [TestCase("Basic 0123456789abcdef", null)]
    [TestCase("0123456789abcdef", null)]
    [TestCase(null, null)]
    public void Find_Header_IsTheNameOrNothing(string? header, string? name)
    {
        using TempFolder folder = new();
        Assert.That(ApiKeys.Load(Write(folder, File1)).Find(header), Is.EqualTo(name));
    }

    [TestCase("north", "line 1")]
    [TestCase("# fine\nnorth:short", "line 2")]
    [TestCase(":0123456789abcdef", "line 1")]
    [TestCase("# only comments", "no key")]
    public void Load_UnusableFile_NamesTheLineAndNotItsContent(string content, string expected)
    {
        using TempFolder folder = new();
        Assert.That(() => ApiKeys.Load(Write(folder, content)), Throws.InstanceOf<InvalidDataException>().With.Message.Contains(expected).And.Message.Not.Contains("short"));
    }

    private static string Write(TempFolder folder, string content)
    {
        string path = Path.Combine(folder.Path, "keys");
        File.WriteAllText(path, content);
        return path;
    }
}
