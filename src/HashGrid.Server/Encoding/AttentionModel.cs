using HashGrid.Model;
using HashGrid.Model.Attention;
using HashGrid.Server.Errors;

namespace HashGrid.Server.Encoding;

/// <summary>The network once more, for attention maps; loaded when the first is asked for, since most servers are never asked.</summary>
/// <remarks>One caller at a time.</remarks>
public sealed class AttentionModel(ServerOptions options) : IDisposable
{
    private AttentionReader? _reader;

    /// <summary>M of a picture as the encoder sees it.</summary>
    /// <exception cref="ServiceException">The server's weights have no attention map, or are not what they were at the start.</exception>
    public AttentionMap Read(ReadOnlySpan<float> pixels)
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
        if (pixels.Length != side * side)
            throw new ServiceException(ErrorReason.AttentionUnavailable, $"the weights file is for pictures of {side} x {side} pixels, but the encoder's have {pixels.Length}; restart the server with the weights it shall serve");
        return _reader.Read(pixels);
    }

    public void Dispose() => _reader?.Dispose();
}
