using HashGrid.Index;

namespace HashGrid.CommandLine.Commands;

/// <summary>What the command line calls the engines.</summary>
internal static class EngineName
{
    private static readonly (string Name, SearchEngine Engine, IndexStructures Structures)[] Known =
    [
        ("auto", SearchEngine.Auto, IndexStructures.Auto),
        ("scan", SearchEngine.Scan, IndexStructures.None),
        ("multi", SearchEngine.MultiIndex, IndexStructures.MultiIndex),
        ("clusters", SearchEngine.Clusters, IndexStructures.Clusters),
    ];

    /// <summary>All names.</summary>
    public static string[] All => [.. Known.Select(known => known.Name)];

    /// <summary>The engine of a name among <see cref="All"/>.</summary>
    public static SearchEngine Parse(string name) => Known.First(known => known.Name == name).Engine;

    /// <summary>The name of an engine.</summary>
    public static string Of(SearchEngine engine) => Known.First(known => known.Engine == engine).Name;

    /// <summary>What to build for an engine.</summary>
    public static IndexStructures StructuresFor(SearchEngine engine) => Known.First(known => known.Engine == engine).Structures;
}
