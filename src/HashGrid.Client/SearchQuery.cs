namespace HashGrid.Client;

/// <summary>What to search near: a code, a stored id, or an image.</summary>
public sealed class SearchQuery
{
    private SearchQuery()
    {
    }

    internal BinaryCode Code { get; private init; }

    internal ulong? Id { get; private init; }

    internal ReadOnlyMemory<byte> Image { get; private init; }

    /// <summary>Near this code, which has the store's width.</summary>
    /// <exception cref="ArgumentException"><paramref name="code"/> is <c>default</c>.</exception>
    public static SearchQuery ByCode(BinaryCode code) => code.Bits == 0
        ? throw new ArgumentException("the code is empty; give words and width", nameof(code))
        : new() { Code = code };

    /// <summary>Near a stored code, which finds itself at distance 0.</summary>
    public static SearchQuery ById(ulong id) => new() { Id = id };

    /// <summary>Near the code that the server's model makes of a whole PNG or JPEG file.</summary>
    public static SearchQuery ByImage(ReadOnlyMemory<byte> file) => new() { Image = file };
}
