using System.Buffers;
using System.IO.Pipelines;
using HashGrid.Server.Errors;

namespace HashGrid.Server.Encoding;

/// <summary>
/// An announced image that arrives in pieces. The announced size is taken from the upload budget before the first piece, so that uploads
/// can never block each other half-way; memory itself grows only with what has arrived. The room counts as its caller's, too.
/// </summary>
/// <remarks>An image above the limit is read to its end and dropped, so that it fails alone and its stream lives on. One caller at a time.</remarks>
public sealed class ChunkedImage : IAsyncDisposable
{
    /// <summary>Largest piece, in bytes.</summary>
    public const int MaxChunkBytes = 64 << 10;

    private readonly UploadRoom _room;
    private readonly UploadPace _pace;
    private readonly Pipe? _pipe;
    private readonly ulong _announced;
    private ulong _arrived;

    private ChunkedImage(ulong announced, UploadRoom room, Failure? refusal)
    {
        (_announced, _room, _pace, Refusal) = (announced, room, room.StartPace(), refusal);
        // No pause threshold: nobody reads before the end, and the announced size bounds what is written.
        if (refusal is null) _pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0, resumeWriterThreshold: 0, minimumSegmentSize: 16 << 10));
    }

    /// <summary>Why the image is dropped although its pieces are read; null for one that is kept.</summary>
    public Failure? Refusal { get; }

    public bool IsComplete => _arrived == _announced;

    /// <summary>Waits for room for an announced image.</summary>
    /// <param name="announced">Its size, in bytes.</param>
    /// <param name="maxImageBytes">The limit of one image.</param>
    /// <param name="room">The caller's part of the room for uploads.</param>
    /// <param name="ct">Gives up waiting.</param>
    public static async ValueTask<ChunkedImage> AnnounceAsync(ulong announced, long maxImageBytes, UploadRoom room, CancellationToken ct)
    {
        if (announced == 0) return new ChunkedImage(0, room, new Failure(ErrorReason.ImageEmpty, "the announced image has 0 bytes; send a whole PNG or JPEG file"));
        if (announced > (ulong)maxImageBytes)
            return new ChunkedImage(announced, room, new Failure(ErrorReason.ImageTooManyBytes,
                $"the announced image has {announced} bytes, but this server takes at most {maxImageBytes}; shrink it or raise MaxImageBytes"));
        await room.TakeAsync((long)announced, ct);
        return new ChunkedImage(announced, room, refusal: null);
    }

    /// <summary>Adds the next piece.</summary>
    /// <exception cref="ServiceException">The piece is empty, too large, or more than was announced.</exception>
    public void Append(ReadOnlySpan<byte> chunk)
    {
        if (chunk.Length is 0 or > MaxChunkBytes)
            throw new ServiceException(ErrorReason.ChunkTooLarge, $"a chunk has {chunk.Length} bytes, but 1 to {MaxChunkBytes} are allowed");
        if ((ulong)chunk.Length > _announced - _arrived)
            throw new ServiceException(ErrorReason.ChunkOutOfPlace,
                $"a chunk of {chunk.Length} bytes came when {_announced - _arrived} of the announced {_announced} were missing; announce the exact size");
        _arrived += (ulong)chunk.Length;
        _pipe?.Writer.Write(chunk);
    }

    /// <summary>Adds pieces until the image is whole.</summary>
    /// <param name="next">The next piece, within the time that it is given; null when no more will come since the server drains.</param>
    /// <returns>False if the pieces ended early.</returns>
    /// <exception cref="ServiceException">The pieces come too slowly, or are not what was announced.</exception>
    public async ValueTask<bool> ReadAsync(Func<TimeSpan, Func<ServiceException>, ValueTask<ReadOnlyMemory<byte>?>> next)
    {
        while (!IsComplete)
        {
            TimeSpan allowed = _pace.Allowed(_arrived);
            if (allowed <= TimeSpan.Zero) throw Late();
            if (await next(allowed, Late) is not { } chunk) return false;
            Append(chunk.Span);
        }
        return true;
    }

    /// <summary>The failure of a stream that breaks off inside an announced image.</summary>
    public static ServiceException Interrupted(bool ended) => new(ErrorReason.ChunkOutOfPlace,
        $"an announced image was not complete when {(ended ? "the stream ended" : "another message came")}; send all its chunks before anything else");

    /// <summary>The whole file, in one piece; call it once, when complete.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ToFileAsync(CancellationToken ct)
    {
        if (_pipe is null || !IsComplete) throw new InvalidOperationException("the image is refused or incomplete");
        await _pipe.Writer.CompleteAsync();
        ReadResult result = await _pipe.Reader.ReadAtLeastAsync((int)_announced, ct);
        byte[] file = GC.AllocateUninitializedArray<byte>((int)_announced);
        result.Buffer.CopyTo(file);
        _pipe.Reader.AdvanceTo(result.Buffer.End);   // the pieces go now, not after the wait for the encoder's queue
        return file;
    }

    /// <summary>Gives the pieces and the room back.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_pipe is null) return;
        await _pipe.Writer.CompleteAsync();
        await _pipe.Reader.CompleteAsync();
        _room.Release((long)_announced);
    }

    private ServiceException Late() => _pace.Late(_arrived, _announced);
}
