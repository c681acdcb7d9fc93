namespace HashGrid.Model.Datasets;

/// <summary>Reads the lists of the data sets as they are published. No picture is opened here.</summary>
public static class ImageDatasets
{
    private static readonly string[] CheXpertLabels =
    [
        "No Finding", "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion", "Edema", "Consolidation", "Pneumonia", "Atelectasis", "Pneumothorax",
        "Pleural Effusion", "Pleural Other", "Fracture", "Support Devices",
    ];

    private static readonly string[] NihLabels =
    [
        LabelledImage.NoFinding, "Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Effusion", "Emphysema", "Fibrosis", "Hernia", "Infiltration", "Mass", "Nodule",
        "Pleural_Thickening", "Pneumonia", "Pneumothorax",
    ];

    /// <summary>A CSV with the columns file, labels (separated by |, may be empty) and patient_id, files relative to its folder.</summary>
    /// <param name="csvPath">The file.</param>
    /// <param name="source">Keep only rows whose column source has this value; null: all.</param>
    /// <param name="role">The same for the column role.</param>
    /// <exception cref="DatasetException">A column or field is missing, or nothing is left.</exception>
    public static IReadOnlyList<LabelledImage> ReadCsv(string csvPath, string? source = null, string? role = null)
    {
        CsvTable table = CsvTable.Read(csvPath, "file", "labels", "patient_id");
        string folder = Path.GetDirectoryName(Path.GetFullPath(csvPath))!;
        var images = new List<LabelledImage>();
        foreach ((string column, string? wanted) in new[] { ("source", source), ("role", role) })
            if (wanted is not null && !table.Has(column))
                throw new DatasetException($"'{csvPath}' has no column '{column}', so rows with {column} '{wanted}' cannot be chosen");
        foreach (string[] row in table.Rows)
        {
            if ((source is not null && table.Get(row, "source") != source) || (role is not null && table.Get(row, "role") != role))
                continue;
            string file = Require(table, row, "file");
            images.Add(new LabelledImage(Path.Combine(folder, file), Require(table, row, "patient_id"), Split(table.Get(row, "labels")), []) { Origin = Origin(table, row) });
        }
        if (images.Count > 0)
            return images;
        string values = source is null ? "" : $"; its sources are {string.Join(", ", table.Rows.Select(row => $"'{table.Get(row, "source")}'").Distinct().Take(10))}";
        throw new DatasetException($"'{csvPath}' has no row{(source is null ? "" : $" with source '{source}'")}{(role is null ? "" : $" with role '{role}'")}{values}");
    }

    /// <summary>NIH ChestX-ray14: Data_Entry_2017.csv or Data_Entry_2017_v2020.csv in a folder, pictures in any of images*/, images_*/images/.</summary>
    /// <param name="folder">Where the release was unpacked.</param>
    /// <param name="listFile">Such as train_val_list.txt: keep only the pictures it names; null: all.</param>
    /// <param name="lenient">Take labels that the release does not have as they are.</param>
    /// <param name="note">Receives a line when pictures that are listed are not there: they are left out.</param>
    /// <exception cref="DatasetException">A list is missing, or a row is wrong or has a label that the release does not have.</exception>
    public static IReadOnlyList<LabelledImage> ReadNih(string folder, string? listFile = null, bool lenient = false, Action<string>? note = null)
    {
        string csv = Directory.Exists(folder) ? Directory.GetFiles(folder, "Data_Entry_2017*.csv").Order(StringComparer.Ordinal).LastOrDefault() ?? "" : "";
        if (csv.Length == 0)
            throw new DatasetException($"'{folder}' has no Data_Entry_2017*.csv; expected the unpacked ChestX-ray14 release");
        CsvTable table = CsvTable.Read(csv, "Image Index", "Finding Labels", "Patient ID");
        string list = Path.Combine(folder, listFile ?? "");
        if (listFile is not null && !File.Exists(list))
            throw new DatasetException($"'{list}' does not exist; it comes with the ChestX-ray14 release");
        HashSet<string>? chosen = listFile is null ? null : [.. File.ReadAllLines(list).Select(line => line.Trim()).Where(line => line.Length > 0)];
        Dictionary<string, string> files = [];
        foreach (string path in Directory.EnumerateFiles(folder, "*.png", SearchOption.AllDirectories))
            files.TryAdd(Path.GetFileName(path), path);
        var images = new List<LabelledImage>();
        var missing = new List<string>();
        foreach (string[] row in table.Rows)
        {
            string file = Require(table, row, "Image Index");
            if (chosen?.Contains(file) == false)
                continue;
            string[] labels = Labels(table, row, "Finding Labels");
            if (!lenient && labels.Except(NihLabels).FirstOrDefault() is { } foreign)
                throw new DatasetException($"{Origin(table, row)}: '{foreign}' is no finding of ChestX-ray14, which has {string.Join(", ", NihLabels)}; mend the row, or accept such labels with the option lenientLabels");
            if (files.TryGetValue(file, out string? path))
                images.Add(new LabelledImage(path, Require(table, row, "Patient ID"), labels, []) { Origin = Origin(table, row) });
            else
                missing.Add($"'{file}' in line {CsvTable.Line(row)}");
        }
        if (missing.Count > 0 && images.Count > 0)
            note?.Invoke($"{missing.Count} of {missing.Count + images.Count} pictures that '{csv}' lists{(listFile is null ? "" : $" and {listFile} names")} are not below '{folder}' and are left out; the first is {missing[0]}");
        return images.Count > 0 ? images : throw new DatasetException($"none of the {table.Rows.Count} pictures of '{csv}' was found below '{folder}'; unpack images_*.tar.gz there");
    }

    /// <summary>CheXpert: train.csv or valid.csv; the first folder of Path (CheXpert-v1.0-small/...) may be the CSV's own.</summary>
    /// <param name="csvPath">The file.</param>
    /// <param name="policy">What −1 becomes.</param>
    /// <param name="frontalOnly">Leave lateral views out.</param>
    /// <exception cref="DatasetException">A column is missing or a value is none of 1.0, 0.0, −1.0 and empty.</exception>
    public static IReadOnlyList<LabelledImage> ReadCheXpert(string csvPath, UncertainPolicy policy = UncertainPolicy.Ignore, bool frontalOnly = true)
    {
        CsvTable table = CsvTable.Read(csvPath, ["Path", "Frontal/Lateral", .. CheXpertLabels]);
        string folder = Path.GetDirectoryName(Path.GetFullPath(csvPath))!;
        var images = new List<LabelledImage>();
        foreach (string[] row in table.Rows)
        {
            if (frontalOnly && table.Get(row, "Frontal/Lateral") != "Frontal")
                continue;
            string[] parts = Require(table, row, "Path").Split('/');
            if (parts.Length < 4)
                throw new DatasetException($"'{csvPath}' line {CsvTable.Line(row)}: Path '{string.Join('/', parts)}' is not release/split/patient/study/view");
            string beside = Path.Combine([folder, .. parts[1..]]), below = Path.Combine([folder, .. parts]);
            var labels = new List<string>();
            var unknown = new List<string>();
            foreach (string label in CheXpertLabels)
                switch (table.Get(row, label))
                {
                    case "1.0" or "1":
                        labels.Add(label);
                        break;
                    case "-1.0" or "-1" when policy != UncertainPolicy.Zeros:
                        (policy == UncertainPolicy.Ones ? labels : unknown).Add(label);
                        break;
                    case "" or "0.0" or "0" or "-1.0" or "-1":
                        break;
                    case string other:
                        throw new DatasetException($"'{csvPath}' line {CsvTable.Line(row)}: {label} is '{other}', expected 1.0, 0.0, -1.0 or nothing");
                }
            images.Add(new LabelledImage(File.Exists(beside) ? beside : below, parts[2], labels, unknown) { Origin = Origin(table, row) });
        }
        return images.Count > 0 ? images : throw new DatasetException($"'{csvPath}' has no{(frontalOnly ? " frontal" : "")} row");
    }

    private static string Origin(CsvTable table, string[] row) => $"'{table.Path}' line {CsvTable.Line(row)}";

    private static string Require(CsvTable table, string[] row, string column) =>
        table.Get(row, column) is { Length: > 0 } value ? value : throw new DatasetException($"'{table.Path}' line {CsvTable.Line(row)}: {column} is empty");

    private static string[] Labels(CsvTable table, string[] row, string column) => Split(Require(table, row, column));

    private static string[] Split(string labels) =>
        labels.Split('|', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
