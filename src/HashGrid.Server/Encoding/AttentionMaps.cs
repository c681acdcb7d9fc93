using HashGrid.Model;
using HashGrid.Model.Attention;
using HashGrid.Server.Errors;

namespace HashGrid.Server.Encoding;

/// <summary>Attention maps of query images. Loads the network a second time when the first is asked for: most servers are never asked.</summary>
/// <remarks>One image at a time, on the caller's thread, beside the encoder's own.</remarks>
internal sealed class AttentionMaps(ServerOptions options) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1);
    private AttentionReader? _reader;

    /// <summary>M of an image file whose header has been checked.</summary>
    /// <exception cref="ServiceException">The server's weights have no attention map, or cannot be read any more.</exception>
    public async Task<AttentionMap> ReadAsync(ReadOnlyMemory<byte> file, CancellationToken ct)
    {
        await _one.WaitAsync(ct);
        try
        {
            return await Task.Run(() => Read(file), ct);
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose()
    {
        _reader?.Dispose();
        _one.Dispose();
    }

    private AttentionMap Read(ReadOnlyMemory<byte> file)
    {
        try
        {
            _reader ??= AttentionReader.Load(options.ModelPath ?? ModelFiles.FindDefault() ?? throw new ModelFileException("no weights lie beside the program"));
        }
        catch (ModelFileException failure)
        {
            throw new ServiceException(ErrorReason.AttentionUnavailable, $"no attention map can be made: {failure.Message}", failure);
        }
        int side = _reader.Identity.InputSize;
        float[] pixels = new float[side * side];
        new FileImageDecoder(options.ImageLimits).Decode(file, side, pixels);
        return _reader.Read(pixels);
    }
}
