namespace HashGrid.Model.Datasets;

/// <summary>A CSV file with a header line: fields in quotes may hold commas and doubled quotes, but no line breaks.</summary>
internal sealed class CsvTable
{
    private readonly Dictionary<string, int> _columns = [];

    private CsvTable(string path, List<string[]> rows)
    {
        Path = path;
        Rows = rows;
    }

    public string Path { get; }

    /// <summary>Fields by row; row 0 is line 2 of the file.</summary>
    public List<string[]> Rows { get; }

    public static CsvTable Read(string path, params string[] required)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"'{path}' cannot be read: {failure.Message}", failure);
        }
        if (lines.Length == 0)
            throw new DatasetException($"'{path}' is empty; expected a header with {string.Join(", ", required)}");
        var table = new CsvTable(path, []);
        string[] header = Split(lines[0].TrimStart('\ufeff'));
        for (int i = 0; i < header.Length; i++)
            table._columns.TryAdd(header[i].Trim(), i);
        foreach (string column in required)
            if (!table._columns.ContainsKey(column))
                throw new DatasetException($"'{path}' line 1 has no column '{column}'; found {lines[0]}");
        int needed = required.Length == 0 ? 0 : required.Max(column => table._columns[column]) + 1;
        for (int line = 1; line < lines.Length; line++)
        {
            if (lines[line].Length == 0)
                continue;
            string[] fields = Split(lines[line]);
            if (fields.Length < needed)
                throw new DatasetException($"'{path}' line {line + 1} has {fields.Length} fields, expected at least {needed}");
            table.Rows.Add([.. fields, (line + 1).ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        }
        return table;
    }

    public bool Has(string column) => _columns.ContainsKey(column);

    public string Get(string[] row, string column) => _columns.TryGetValue(column, out int at) && at < row.Length - 1 ? row[at].Trim() : "";

    /// <summary>The line in the file, for messages.</summary>
    public static string Line(string[] row) => row[^1];

    private static string[] Split(string line)
    {
        if (!line.Contains('"'))
            return line.Split(',');
        var fields = new List<string>();
        var field = new System.Text.StringBuilder();
        bool quoted = false;
        for (int i = 0; i < line.Length; i++)
        {
            if (line[i] == '"' && quoted && i + 1 < line.Length && line[i + 1] == '"')
                field.Append(line[++i]);
            else if (line[i] == '"')
                quoted = !quoted;
            else if (line[i] == ',' && !quoted)
            {
                fields.Add(field.ToString());
                field.Clear();
            }
            else
                field.Append(line[i]);
        }
        return [.. fields, field.ToString()];
    }
}
