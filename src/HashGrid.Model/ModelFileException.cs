namespace HashGrid.Model;

/// <summary>A weights file cannot be used; the message is one line: file, what was found, what was expected, what to do.</summary>
public sealed class ModelFileException : Exception
{
    /// <summary>Creates the exception.</summary>
    public ModelFileException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
