namespace HashGrid.Client.Streams;

/// <summary>An item that has no acknowledgement yet, and what the server has said about it.</summary>
internal sealed class InFlightItem(IngestItem item)
{
    public IngestItem Item { get; } = item;

    public ItemNotice Notice { get; set; }
}
