using System.Globalization;

namespace HashGrid.CommandLine.Inputs;

/// <summary>Several whole numbers in one option, with commas between.</summary>
internal static class NumberList
{
    /// <exception cref="UsageException">A part is no whole number, or outside least to most.</exception>
    public static int[] Parse(string text, string option, int least, int most)
    {
        List<int> numbers = [];
        foreach (string part in text.Split(','))
        {
            if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number < least || number > most)
                throw new UsageException($"{option} has '{part}', but whole numbers of {least} to {most}, with commas between, are possible");
            numbers.Add(number);
        }
        return [.. numbers];
    }
}
