namespace HashGrid.Model.Runtime;

/// <summary>One way of running the folded network for inference.</summary>
internal interface IForward : IDisposable
{
    /// <summary><c>cpu</c> or <c>cuda:0</c>.</summary>
    public string Device { get; }

    /// <summary>Images that may be computed at once, by as many threads.</summary>
    public int Threads { get; }

    /// <summary>u of one image: the values whose signs are the bits.</summary>
    /// <param name="pixels">S · S values, grey 0..1.</param>
    /// <param name="u">Receives k values.</param>
    public void Run(ReadOnlySpan<float> pixels, Span<float> u);
}
