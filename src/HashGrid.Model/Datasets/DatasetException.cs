namespace HashGrid.Model.Datasets;

/// <summary>A data set cannot be read; the message names file and row, what was found and what was expected.</summary>
public sealed class DatasetException : Exception
{
    /// <summary>Creates the exception.</summary>
    public DatasetException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
