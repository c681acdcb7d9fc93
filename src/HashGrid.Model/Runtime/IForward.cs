namespace HashGrid.Model.Runtime;

/// <summary>One way of running the folded network for inference.</summary>
internal interface IForward : IDisposable
{
    /// <summary><c>cpu</c> or <c>cuda:0</c>.</summary>
    public string Device { get; }

    /// <summary>Calls of <see cref="Run"/> that may be under way at once, each on a thread of its own.</summary>
    public int Threads { get; }

    /// <summary>Images of one call, at most.</summary>
    public int Batch { get; }

    /// <summary>u: the values whose signs are the bits.</summary>
    /// <param name="pixels">Images of S · S values, grey 0..1.</param>
    /// <param name="u">Receives k values for each image.</param>
    public void Run(ReadOnlySpan<float> pixels, Span<float> u);
}
