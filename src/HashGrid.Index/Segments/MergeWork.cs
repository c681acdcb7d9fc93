namespace HashGrid.Index.Segments;

/// <summary>What a background thread merges; each kind has a thread of its own while there is some.</summary>
internal enum MergeWork
{
    /// <summary>Segments as the writer left them: give them structures. Soon done.</summary>
    Unbuilt,

    /// <summary>Segments with structures: keep them few and free of removed rows. Can take as long as building the index.</summary>
    Built,
}
