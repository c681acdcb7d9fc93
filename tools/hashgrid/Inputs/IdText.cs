using System.Globalization;

namespace HashGrid.CommandLine.Inputs;

/// <summary>Ids as people type them: decimal, or hexadecimal behind 0x.</summary>
internal static class IdText
{
    public static ulong Parse(string text)
    {
        bool hex = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        if (ulong.TryParse(hex ? text.AsSpan(2) : text, hex ? NumberStyles.AllowHexSpecifier : NumberStyles.None, CultureInfo.InvariantCulture, out ulong id))
            return id;
        throw new UsageException($"\"{text}\" is no id; give a number from 0 to {ulong.MaxValue}, or 0x and hexadecimal digits");
    }
}
