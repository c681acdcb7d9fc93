namespace HashGrid.Model.Imaging;

/// <summary>Why a file cannot be read as an image.</summary>
public enum ImageProblem
{
    /// <summary>No bytes at all.</summary>
    Empty,

    /// <summary>The first bytes are of no known image format.</summary>
    NotAnImage,

    /// <summary>An image, but neither PNG nor JPEG, or a kind of them that is not read.</summary>
    Unsupported,

    /// <summary>A PNG or JPEG that ends too early or is damaged.</summary>
    Truncated,

    /// <summary>More bytes than <see cref="ImageLimits.MaxBytes"/>.</summary>
    TooManyBytes,

    /// <summary>More pixels, or a longer side, than the limits allow.</summary>
    TooManyPixels,
}
