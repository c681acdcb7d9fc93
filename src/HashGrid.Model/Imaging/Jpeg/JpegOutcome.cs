namespace HashGrid.Model.Imaging.Jpeg;

/// <summary>What became of a file that <see cref="GreyJpeg"/> was shown.</summary>
internal enum JpegOutcome
{
    /// <summary>It is decoded.</summary>
    Decoded,

    /// <summary>A JPEG of another kind, for the general decoder.</summary>
    AnotherKind,

    /// <summary>Of this kind, but cut off or damaged.</summary>
    Damaged,
}
