using TorchSharp;

namespace HashGrid.Model;

/// <summary>How many tensors this process holds: a number that must not grow while pictures come and go.</summary>
public static class LiveTensors
{
    /// <summary>Tensors that were made and not disposed, of all threads.</summary>
    public static long Count => torch.Tensor.TotalCount;
}
