using System.Reflection;
using System.Text;

namespace HashGrid.Server.Hosting;

/// <summary>
/// <c>--max-batch 16</c> sets <see cref="ServerOptions.MaxBatch"/>, and so for every option; environment variables
/// <c>HASHGRID_SERVER_MaxBatch=16</c> do the same, and the command line wins.
/// </summary>
public static class CommandLine
{
    private const string Prefix = "HASHGRID_SERVER_";

    // The short names of those that everybody sets.
    private static readonly Dictionary<string, string> Aliases = new() { ["--data"] = "DataDirectory", ["--model"] = "ModelPath", ["--otlp"] = "OtlpEndpoint" };

    public static string Help
    {
        get
        {
            StringBuilder help = new("HashGrid.Server --data DIR [--model FILE] [--listen ADDRESS[,ADDRESS…]] [--OPTION VALUE…]\n\nOptions and defaults:\n");
            foreach (PropertyInfo property in Settable) help.Append($"  {Switch(property),-32} {Show(property.GetValue(new ServerOptions()))}\n");
            return help.ToString();
        }
    }

    private static IEnumerable<PropertyInfo> Settable => typeof(ServerOptions).GetProperties().Where(property => property.CanWrite);

    /// <summary>The options, or null and one line about what is wrong.</summary>
    public static ServerOptions? Parse(string[] args, out string? problem)
    {
        Dictionary<string, string?> settings = new(StringComparer.OrdinalIgnoreCase);
        foreach (PropertyInfo property in Settable) Set(settings, property, Environment.GetEnvironmentVariable(Prefix + property.Name));
        for (int i = 0; i < args.Length; i++)
        {
            PropertyInfo? property = Settable.FirstOrDefault(known => args[i] == Switch(known) || (Aliases.TryGetValue(args[i], out string? name) && name == known.Name));
            if (property is null) return Fail($"'{args[i]}' is no option; --help lists them", out problem);
            bool isFlag = property.PropertyType == typeof(bool) && (i + 1 == args.Length || args[i + 1].StartsWith("--", StringComparison.Ordinal));
            if (!isFlag && ++i == args.Length) return Fail($"'{args[^1]}' needs a value", out problem);
            Set(settings, property, isFlag ? "true" : args[i]);
        }
        problem = null;
        try
        {
            IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
            ServerOptions options = configuration.Get<ServerOptions>() ?? new ServerOptions();
            // The binder adds to a default list, where replacing it is meant.
            return configuration.GetSection(nameof(ServerOptions.Listen)).Get<string[]>() is { } listen ? options with { Listen = listen } : options;
        }
        catch (InvalidOperationException unreadable)
        {
            return Fail(unreadable.Message, out problem);
        }
    }

    private static void Set(Dictionary<string, string?> settings, PropertyInfo property, string? value)
    {
        if (value is null) return;
        if (property.PropertyType == typeof(IReadOnlyList<string>))
        {
            string[] values = value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            for (int i = 0; i < values.Length; i++) settings[$"{property.Name}:{i}"] = values[i];
        }
        else settings[property.Name] = value;
    }

    private static string Switch(PropertyInfo property)
    {
        StringBuilder name = new("-");
        foreach (char c in property.Name)
        {
            if (char.IsUpper(c)) name.Append('-');
            name.Append(char.ToLowerInvariant(c));
        }
        return name.ToString();
    }

    private static string Show(object? value) => value is IEnumerable<string> list ? string.Join(',', list) : value?.ToString() ?? "-";

    private static ServerOptions? Fail(string line, out string? problem)
    {
        problem = line;
        return null;
    }
}
