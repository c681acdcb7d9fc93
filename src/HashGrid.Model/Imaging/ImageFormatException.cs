namespace HashGrid.Model.Imaging;

/// <summary>A file cannot be read as an image; the message says what was found, what was expected and what to do, and holds nothing of the image's content.</summary>
public sealed class ImageFormatException : Exception
{
    /// <summary>Creates the exception.</summary>
    public ImageFormatException(ImageProblem reason, string message, Exception? inner = null)
        : base(message, inner) => Reason = reason;

    /// <summary>The kind of problem.</summary>
    public ImageProblem Reason { get; }
}
