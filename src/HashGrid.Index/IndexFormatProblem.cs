namespace HashGrid.Index;

/// <summary>What is wrong with an index file.</summary>
public enum IndexFormatProblem
{
    /// <summary>The file does not begin as an index file does.</summary>
    NotAnIndex,

    /// <summary>The file was written by a newer version of the library.</summary>
    NewerVersion,

    /// <summary>The file is shorter or longer than its header says.</summary>
    WrongLength,

    /// <summary>Bytes differ from their checksum.</summary>
    Checksum,

    /// <summary>A checksum is right, but the values make no sense: a crafted file, or a defect of the writer.</summary>
    Inconsistent,
}
