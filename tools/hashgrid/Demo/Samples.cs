using HashGrid.CommandLine.Inputs;

namespace HashGrid.CommandLine.Demo;

/// <summary>The sample X-rays of the checkout: samples/labels.csv and the files it names.</summary>
internal static class Samples
{
    /// <summary>The samples folder above the program or the current folder.</summary>
    /// <exception cref="CommandException">There is none.</exception>
    public static string Find()
    {
        foreach (string start in (string[])[AppContext.BaseDirectory, Environment.CurrentDirectory])
        {
            for (string? folder = Path.TrimEndingDirectorySeparator(start); folder is not null; folder = Path.GetDirectoryName(folder))
            {
                string samples = Path.Combine(folder, "samples");
                if (File.Exists(Path.Combine(samples, "labels.csv")))
                    return samples;
            }
        }
        throw new CommandException("samples/labels.csv was found neither above the program nor above the current folder; name the folder with --samples DIR");
    }

    /// <exception cref="CommandException">The folder lacks labels.csv, a column, a file, or one of the two roles.</exception>
    public static List<Sample> Read(string folder)
    {
        string csv = Path.Combine(folder, "labels.csv");
        if (!File.Exists(csv))
            throw new CommandException($"{csv} does not exist; --samples needs a folder with labels.csv and the images it names");
        List<Sample> samples = [];
        foreach (Dictionary<string, string> row in Csv.Read(csv))
        {
            foreach (string column in (string[])["file", "labels", "patient_id", "role"])
                if (!row.ContainsKey(column))
                    throw new CommandException($"{csv} has the columns {string.Join(", ", row.Keys)}, but {column} is needed too");
            string path = Path.Combine(folder, row["file"]);
            if (!File.Exists(path))
                throw new CommandException($"{csv} names {row["file"]}, which does not exist in {folder}");
            bool isQuery = row["role"] switch
            {
                "query" => true,
                "database" => false,
                string other => throw new CommandException($"{csv} gives {row["file"]} the role {other}, but database and query are the two"),
            };
            samples.Add(new Sample(path, LabelsFile.Split(row["labels"]), row["patient_id"], row.GetValueOrDefault("source", ""), isQuery));
        }
        if (!samples.Exists(sample => sample.IsQuery) || !samples.Exists(sample => !sample.IsQuery))
            throw new CommandException($"{csv} needs at least one row of each role, database and query");
        return samples;
    }
}
