using System.Globalization;
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

    /// <summary>Reads options; what cannot be read has its default, and a problem.</summary>
    /// <param name="args">Of the process.</param>
    /// <param name="problems">Receives one line for each thing that is wrong with the command line or a variable, none about the options' sense.</param>
    public static ServerOptions Parse(string[] args, ICollection<string> problems)
    {
        Dictionary<PropertyInfo, string> settings = [];
        foreach (PropertyInfo property in Settable)
        {
            if (Environment.GetEnvironmentVariable(Prefix + property.Name) is { } value) settings[property] = value;
        }
        for (int i = 0; i < args.Length; i++)
        {
            bool hasValue = i + 1 < args.Length && !IsSwitch(args[i + 1]);
            PropertyInfo? property = Settable.FirstOrDefault(known => args[i] == Switch(known) || (Aliases.TryGetValue(args[i], out string? name) && name == known.Name));
            if (property is null)
            {
                problems.Add($"'{args[i]}' is no option; --help lists them");
                if (hasValue && IsSwitch(args[i])) i++;   // what follows was meant for it
            }
            else if (hasValue) settings[property] = args[++i];
            else if (property.PropertyType == typeof(bool)) settings[property] = "true";
            else problems.Add($"'{args[i]}' needs a value");
        }
        return Bind(settings, problems);
    }

    private static ServerOptions Bind(Dictionary<PropertyInfo, string> settings, ICollection<string> problems)
    {
        ServerOptions options = new();
        foreach ((PropertyInfo property, string text) in settings)
        {
            if (TryConvert(text, property.PropertyType, out object? value)) property.SetValue(options, value);   // nobody else has seen the record yet
            else problems.Add($"{property.Name} is '{text}', but {Expected(property.PropertyType)} is expected");
        }
        return options;
    }

    private static bool TryConvert(string text, Type type, out object? value)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        (bool Read, object? Value) converted = Type.GetTypeCode(type) switch
        {
            TypeCode.String => (true, text),
            TypeCode.Boolean => (bool.TryParse(text, out bool flag), flag),
            _ when type.IsEnum => (Enum.TryParse(type, text, ignoreCase: true, out object? name) && Enum.IsDefined(type, name), name),
            TypeCode.Int32 => (int.TryParse(text, NumberStyles.Integer, culture, out int number), number),
            TypeCode.Int64 => (long.TryParse(text, NumberStyles.Integer, culture, out long number), number),
            _ when type == typeof(TimeSpan) => (TimeSpan.TryParse(text, culture, out TimeSpan time), time),
            _ when type == typeof(IReadOnlyList<string>) => (true, text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)),
            _ => throw new InvalidOperationException($"options of type {type} cannot be set by name"),
        };
        value = converted.Value;
        return converted.Read;
    }

    private static string Expected(Type type) => type switch
    {
        { IsEnum: true } => "one of " + string.Join(", ", Enum.GetNames(type)),
        _ when type == typeof(bool) => "true or false",
        _ when type == typeof(TimeSpan) => "a time such as 00:00:30",
        _ => "a whole number",
    };

    private static bool IsSwitch(string argument) => argument.StartsWith("--", StringComparison.Ordinal);

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
}
