using System.Collections.Frozen;
using Grpc.Core;
using static Grpc.Core.StatusCode;

namespace HashGrid.Server.Errors;

/// <summary>The single status table: every reason, its gRPC status, what it means and what to do. <c>docs/errors.md</c> is this table as a page.</summary>
public static class ErrorTable
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Later = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MuchLater = TimeSpan.FromSeconds(5);

    /// <summary>All entries, in the order of <see cref="ErrorReason"/>.</summary>
    public static IReadOnlyList<ErrorEntry> Entries { get; } =
    [
        new(ErrorReason.ImageEmpty, InvalidArgument, "The image has no bytes.", "Send a whole PNG or JPEG file."),
        new(ErrorReason.ImageNotAnImage, InvalidArgument, "The bytes are no image.", "Send a whole PNG or JPEG file."),
        new(ErrorReason.ImageUnsupported, InvalidArgument, "An image of a kind that is not read.", "Convert it to PNG or JPEG, 8 or 16 bit, grey, RGB or RGBA."),
        new(ErrorReason.ImageTruncated, InvalidArgument, "The image is cut off or damaged.", "Send the whole file again."),
        new(ErrorReason.ImageTooManyBytes, InvalidArgument, "The image file is larger than the server's limit.", "Send a smaller file, or raise MaxImageBytes."),
        new(ErrorReason.ImageTooManyPixels, InvalidArgument, "The image's header claims more pixels than the server's limit, or its data expands as a decompression bomb's does.", "Shrink it, or raise MaxImagePixels and MaxImageSide."),
        new(ErrorReason.ChunkOutOfPlace, InvalidArgument, "A chunk without an announced image, another message inside one, or more bytes than announced.", "Announce the size, then send exactly that many bytes before the next item."),
        new(ErrorReason.ChunkTooLarge, InvalidArgument, "A chunk is larger than 64 KiB.", "Cut the file into pieces of at most 65,536 bytes."),
        new(ErrorReason.MessageTooLarge, ResourceExhausted, "One gRPC message is larger than MaxMessageBytes.", "Send large images in chunks, or raise MaxMessageBytes."),
        new(ErrorReason.RequestIncomplete, InvalidArgument, "A field that the request cannot do without is missing.", "Fill in the field that the message names."),
        new(ErrorReason.CodeWidthWrong, InvalidArgument, "A code of another width than the model's, or with spare bits set.", "Send codes that this server's model made."),
        new(ErrorReason.KOutOfRange, InvalidArgument, "k is zero or above the limit.", "Ask for 1 to MaxResults neighbours."),
        new(ErrorReason.RadiusOutOfRange, InvalidArgument, "The radius is larger than the code.", "Ask for a radius of 0 to the width in bits."),
        new(ErrorReason.LimitOutOfRange, InvalidArgument, "The limit of a range search is above the server's.", "Ask for at most MaxResults neighbours."),
        new(ErrorReason.LabelsInvalid, InvalidArgument, "More than 64 labels, or a label that is empty or longer than 128 bytes.", "Send at most 64 labels of 1 to 128 bytes."),
        new(ErrorReason.NameInvalid, InvalidArgument, "The name is longer than 256 bytes.", "Shorten it."),
        new(ErrorReason.StreamIdInvalid, InvalidArgument, "The stream id is empty or longer than 128 characters.", "Choose an id of 1 to 128 characters."),
        new(ErrorReason.StreamNotOpened, InvalidArgument, "The first message of an ingest stream is not its opening.", "Send IngestOpen first."),
        new(ErrorReason.StreamOpenedTwice, InvalidArgument, "A second IngestOpen on one stream.", "Open once; use another call for another stream id."),
        new(ErrorReason.StreamSequenceGap, InvalidArgument, "An item's sequence does not follow the one before.", "Number items from resume_after + 1 without gaps."),
        new(ErrorReason.StreamCreditExceeded, InvalidArgument, "More items than the server gave credits for.", "Wait for IngestCredits before sending more."),
        new(ErrorReason.IdUnknown, NotFound, "No code is stored under this id.", "Check the id; it may have been removed."),
        new(ErrorReason.IdConflict, AlreadyExists, "The id is stored with another code.", "Use PUT_MODE_UPSERT to replace it, or another id."),
        new(ErrorReason.ContentDuplicate, AlreadyExists, "Another id holds the same image, byte for byte, and the server refuses duplicates.", "Use the id in duplicate_of, or a server with --duplicates link or store."),
        new(ErrorReason.ModelMismatch, FailedPrecondition, "The server runs another model than the caller expects.", "Point the caller at the right server; codes of two models must never be compared."),
        new(ErrorReason.AttentionUnavailable, FailedPrecondition, "The server's weights have no attention map, or the weights file is gone.", "Ask without it, or serve weights of the network that hashgrid train makes."),
        new(ErrorReason.SequenceAhead, FailedPrecondition, "The request waits for a store sequence that this store has not given out.", "Check that both calls go to the same server."),
        new(ErrorReason.StreamAhead, FailedPrecondition, "The client has acknowledgements that this store never gave: another store, or an older copy of it.", "Check the data folder; start under a new stream id to send everything again."),
        new(ErrorReason.BackupOtherHistory, FailedPrecondition, "The backup to continue is of another store, or of another history of this one.", "Keep it, and back up into another folder."),
        new(ErrorReason.StreamTakenOver, Aborted, "Another call has opened the same stream id.", "Keep one writer a stream id; the newest wins."),
        new(ErrorReason.StreamIdle, Unavailable, "Nothing came on the stream for IdleTimeout.", "Open it again when there is something to send; it resumes.", Soon),
        new(ErrorReason.UploadStalled, Unavailable, "An announced image stopped arriving for UploadStallTimeout, or came more slowly than MinUploadRate.", "Open the stream again and resend from resume_after.", Soon),
        new(ErrorReason.EncodeQueueFull, ResourceExhausted, "The encoder's queue is full.", "Try again after the hint; streams wait by themselves.", Soon),
        new(ErrorReason.SearchQueueFull, ResourceExhausted, "Too many searches are in flight, of the caller or of all.", "Try again after the hint; streams wait by themselves.", Soon),
        new(ErrorReason.TooManyStreams, ResourceExhausted, "MaxStreams streams are open.", "Try again after the hint, or put more items on fewer streams.", Later),
        new(ErrorReason.CallerUnknown, Unauthenticated, "The call carries no API key, or one that this server does not know.", "Send metadata authorization: Bearer KEY with a key from the server's file."),
        new(ErrorReason.CallerBusy, ResourceExhausted, "The caller has MaxCallsPerCaller calls open.", "Try again after the hint, or use streams in place of many calls.", Soon),
        new(ErrorReason.CallerTooManyStreams, ResourceExhausted, "The caller has MaxStreamsPerCaller streams open.", "Put more items on fewer streams, or try again after the hint.", Later),
        new(ErrorReason.CallerTooManyImages, ResourceExhausted, "The caller has MaxImagesPerCaller images in flight; a search by image cannot wait for one of them.", "Try again after the hint, or send images on an Encode or Ingest stream, which waits by itself.", Soon),
        new(ErrorReason.IndexCatchingUp, Unavailable, "The index is still reading the journal after a start.", "Wait for the health check to say SERVING.", Later),
        new(ErrorReason.IndexFailed, Unavailable, "The index stopped; the store's data is untouched.", "Read the server's log and restart it."),
        new(ErrorReason.ServerStarting, Unavailable, "The server has not finished starting.", "Wait for the health check to say SERVING.", Later),
        new(ErrorReason.ServerDraining, Unavailable, "The server is about to stop.", "Go to another server, or try again after the hint.", Later),
        new(ErrorReason.StoreReadOnly, Unavailable, "The store stopped writing after a device error; what was acknowledged is safe.", "Repair the device and restart the server; searches still work."),
        new(ErrorReason.StoreDiskFull, ResourceExhausted, "The disk of the data folder is nearly full; what was acknowledged is safe, and searches and removes go on.", "Free space; the server takes new codes again by itself, and streams that wait go on.", MuchLater),
        new(ErrorReason.StoreUnusable, FailedPrecondition, "The data folder cannot be used: written by another model or version, owned by another process, or not writable.", "Read the message; it names what was found and expected."),
        new(ErrorReason.StoreDamaged, DataLoss, "Bytes on disk make no sense, or the disk can not read them.", "Restore the data folder from a copy; the message gives the place."),
        new(ErrorReason.EncoderFailed, StatusCode.Internal, "The network failed on this image alone.", "Report the image; other items are not affected."),
        new(ErrorReason.Cancelled, StatusCode.Cancelled, "The caller cancelled, or its connection ended.", "Nothing to do."),
        new(ErrorReason.DeadlineExceeded, StatusCode.DeadlineExceeded, "The call's deadline passed; what had not started was never run.", "Allow more time, or send less at once."),
        new(ErrorReason.Internal, StatusCode.Internal, "A bug in the server.", "Report it with the server's log."),
    ];

    private static readonly FrozenDictionary<ErrorReason, ErrorEntry> ByReason = Entries.ToFrozenDictionary(entry => entry.Reason);

    /// <summary>The entry of one reason.</summary>
    public static ErrorEntry Get(ErrorReason reason) => ByReason[reason];
}
