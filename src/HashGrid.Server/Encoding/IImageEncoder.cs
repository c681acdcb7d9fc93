using HashGrid.Model;

namespace HashGrid.Server.Encoding;

/// <summary>The network as the batch worker sees it: pixels in, packed words out.</summary>
public interface IImageEncoder : IDisposable
{
    public ModelIdentity Identity { get; }

    /// <summary>"cpu" or "cuda:0".</summary>
    public string Device { get; }

    /// <summary>Encodes a batch; only ever called from one thread at a time.</summary>
    /// <param name="pixels">[count, InputSize, InputSize] grey values, 0 to 1.</param>
    /// <param name="count">Images in the batch.</param>
    /// <param name="codes">[count, words]: receives the codes.</param>
    public void Encode(ReadOnlySpan<float> pixels, int count, Span<ulong> codes);
}
