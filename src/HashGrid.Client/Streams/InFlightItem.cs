namespace HashGrid.Client.Streams;

/// <summary>An item that has no acknowledgement yet, and why the server refused it if it did.</summary>
internal sealed class InFlightItem(IngestItem item)
{
    public IngestItem Item { get; } = item;

    public ItemFailure? Refusal { get; set; }
}
