namespace HashGrid.CommandLine.Training;

/// <summary>How a data set lies on disk.</summary>
internal enum DataFormat
{
    /// <summary>A folder with labels.csv: columns file, labels, patient_id.</summary>
    Folder,

    /// <summary>NIH ChestX-ray14 as published.</summary>
    Nih,

    /// <summary>CheXpert as published.</summary>
    Chexpert,
}
