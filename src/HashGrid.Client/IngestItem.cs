namespace HashGrid.Client;

/// <summary>One image, or one finished code, to be stored.</summary>
public sealed record IngestItem
{
    private IngestItem()
    {
    }

    /// <summary>The caller's own stable name of this code; <see cref="ContentId"/> makes one from the file.</summary>
    public required ulong Id { get; init; }

    /// <summary>A whole PNG or JPEG file; empty when <see cref="Code"/> is given.</summary>
    public ReadOnlyMemory<byte> Image { get; private init; }

    /// <summary>A code made elsewhere by the same model; <c>default</c> when <see cref="Image"/> is given.</summary>
    public BinaryCode Code { get; private init; }

    /// <summary>At most 64 labels of 1 to 128 UTF-8 bytes.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>A note of at most 256 UTF-8 bytes that comes back with answers, such as a file name.</summary>
    public string Name { get; init; } = "";

    /// <summary>Replace code, labels and name of an id that is already there. Otherwise another code for the same id is refused.</summary>
    public bool Overwrite { get; init; }

    /// <summary>An item whose code the server makes.</summary>
    /// <param name="id">The caller's own stable name.</param>
    /// <param name="file">A whole PNG or JPEG file. It may be sent again after a lost connection: leave it unchanged until its result has come.</param>
    public static IngestItem FromImage(ulong id, ReadOnlyMemory<byte> file) => new() { Id = id, Image = file };

    /// <summary>An item whose code is known already.</summary>
    /// <param name="id">The caller's own stable name.</param>
    /// <param name="code">A code of the store's width.</param>
    /// <exception cref="ArgumentException"><paramref name="code"/> is <c>default</c>.</exception>
    public static IngestItem FromCode(ulong id, BinaryCode code) => code.Bits == 0
        ? throw new ArgumentException("the code is empty; give words and width", nameof(code))
        : new() { Id = id, Code = code };

    internal long PayloadBytes => Image.Length + (Code.Words.Length * 8L);
}
