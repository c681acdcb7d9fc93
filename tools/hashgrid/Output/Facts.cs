using System.Globalization;

namespace HashGrid.CommandLine.Output;

/// <summary>Names and values, one a line, aligned.</summary>
internal static class Facts
{
    public static void Print(params (string Name, object Value)[] facts)
    {
        int width = facts.Max(fact => fact.Name.Length);
        foreach ((string name, object value) in facts)
            Console.Out.WriteLine($"{name.PadRight(width)}  {Convert.ToString(value, CultureInfo.InvariantCulture)}");
    }
}
