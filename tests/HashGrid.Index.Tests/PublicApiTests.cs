using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace HashGrid.Index.Tests;

internal sealed class PublicApiTests
{
    /// <summary>The list lies beside the project, so that a change of the face shows in the diff. HASHGRID_UPDATE_API=1 writes it anew.</summary>
    [Test]
    public void PublicApi_EqualsTheList()
    {
        string path = Path.Combine(Path.GetDirectoryName(ThisFile())!, "../../src/HashGrid.Index/PublicAPI.txt");
        string actual = Describe(typeof(HammingIndex).Assembly);
        if (Environment.GetEnvironmentVariable("HASHGRID_UPDATE_API") == "1") File.WriteAllText(path, actual);
        Assert.That(actual, Is.EqualTo(File.ReadAllText(path)), "the public surface changed: run with HASHGRID_UPDATE_API=1 and look at the diff");
    }

    [Test]
    public void PublicTypes_LieInTheRootNamespace() =>
        Assert.That(typeof(HammingIndex).Assembly.GetExportedTypes().Select(type => type.Namespace), Is.All.EqualTo("HashGrid.Index"));

    [Test]
    public void Assembly_ReferencesOnlyTheFramework() =>
        Assert.That(typeof(HammingIndex).Assembly.GetReferencedAssemblies().Select(name => name.Name), Is.All.StartsWith("System."));

    private static string Describe(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (Type type in assembly.GetExportedTypes().OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            text.Append(type.IsEnum ? "enum " : type.IsValueType ? "struct " : type.IsInterface ? "interface " : "class ").Append(type.Name).Append('\n');
            const BindingFlags Declared = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
            IEnumerable<string> members = type.IsEnum
                ? Enum.GetNames(type).Select(name => $"{name} = {(int)Enum.Parse(type, name)}")
                : type.GetMembers(Declared).Where(member => member is not MethodInfo { IsSpecialName: true } and not Type)
                    .Where(member => member.GetCustomAttribute<CompilerGeneratedAttribute>() is null)
                    .Select(member => $"{(member is ConstructorInfo ? "new " : "")}{member}");
            foreach (string member in members.Order(StringComparer.Ordinal)) text.Append("    ").Append(member).Append('\n');
        }
        return text.ToString();
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
