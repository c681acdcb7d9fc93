using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Runtime;

/// <summary>Sums and differences whose numbers live until libtorch has read them; for whatever runs outside a <see cref="Training.CollectorPause"/>.</summary>
/// <remarks>
/// TorchSharp 0.107 turns even <c>a + b</c> into a + 1 · b, and lets go of that 1 before libtorch reads it: a collection on another thread in that moment frees it, and the call ends with "Expected false to be
/// true" or a wrong number. While a network was built and folded beside a thread that collects all the time, one try in 250 failed. Products and quotients of two tensors take no number; a square does, its exponent.
/// </remarks>
internal static class HeldArithmetic
{
    /// <summary>a + b, broadcast.</summary>
    public static Tensor Plus(this Tensor a, Tensor b)
    {
        using Scalar one = 1;
        return a.add(b, one);
    }

    /// <summary>a + b for a number.</summary>
    public static Tensor Plus(this Tensor a, double b)
    {
        using Scalar one = 1, number = b;
        return a.add(number, one);
    }

    /// <summary>a − b, broadcast.</summary>
    public static Tensor Minus(this Tensor a, Tensor b)
    {
        using Scalar minusOne = -1;
        return a.add(b, minusOne);
    }
}
