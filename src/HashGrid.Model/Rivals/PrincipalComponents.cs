using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Rivals;

/// <summary>Principal components in double precision.</summary>
internal static class PrincipalComponents
{
    /// <summary>The eigenvectors of XᵀX to its largest eigenvalues, as columns [D, count], largest first.</summary>
    /// <param name="centred">X [N, D], float64, its columns' means zero.</param>
    /// <param name="count">At most the rank, min(N − 1, D).</param>
    /// <exception cref="ArgumentException">There are fewer.</exception>
    public static Tensor Of(Tensor centred, int count)
    {
        long most = Math.Min(centred.shape[0] - 1, centred.shape[1]);
        if (count > most)
            throw new ArgumentException($"{count} principal components are needed, but {centred.shape[0]} pictures of {centred.shape[1]} features have {most}; use more pictures or fewer bits");
        return Largest(centred.t().mm(centred), count);
    }

    /// <summary>Eigenvectors [D, count] of a symmetric matrix [D, D] to its largest eigenvalues, largest first.</summary>
    public static Tensor Largest(Tensor symmetric, int count)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor vectors = linalg.eigh(symmetric).Item2;                                      // ascending
        return vectors.narrow(1, vectors.shape[1] - count, count).flip(1).contiguous().MoveToOuterDisposeScope();
    }
}
