using HashGrid.Server.Storage;
using HashGrid.Server.Telemetry;

namespace HashGrid.Server.Ingest;

/// <summary>One item between the loop that reads and the loop that stores; items are stored in the order of their sequence.</summary>
/// <param name="Sequence">Its place in the stream.</param>
/// <param name="Id">The caller's name of the code.</param>
/// <param name="Labels">Checked.</param>
/// <param name="Name">Checked.</param>
/// <param name="Mode">What to do when the id is there.</param>
/// <param name="Code">The code, now or later; faulted with the item's own failure.</param>
/// <param name="Digest">Of the image; null for an item that holds a code, or failed before.</param>
/// <param name="Trace">Receives the item's steps; null for most.</param>
internal sealed record IngestWork(ulong Sequence, ulong Id, string[] Labels, string Name, PutMode Mode, Task<ulong[]> Code, ContentDigest? Digest, ItemTrace? Trace);
