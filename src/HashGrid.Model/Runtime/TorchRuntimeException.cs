namespace HashGrid.Model.Runtime;

/// <summary>libtorch or its C# bridge cannot be loaded on this machine; the message says what is missing and what helps.</summary>
public sealed class TorchRuntimeException : Exception
{
    /// <summary>Creates the exception with one clear line.</summary>
    public TorchRuntimeException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
