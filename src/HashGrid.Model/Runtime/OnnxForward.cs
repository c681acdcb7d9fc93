using HashGrid.Model.Onnx;
using Microsoft.ML.OnnxRuntime;

namespace HashGrid.Model.Runtime;

/// <summary>The network on ONNX Runtime: the fast way on a CPU.</summary>
/// <remarks>
/// Each image runs on one thread, and several images at once on as many: nothing waits for the slowest part of a layer, and a code depends neither on
/// its batch nor on the number of threads.
/// </remarks>
internal sealed class OnnxForward : IForward
{
    private readonly InferenceSession _session;
    private readonly RunOptions _run = new();
    private readonly long[] _inputShape, _outputShape;

    /// <param name="model">An ONNX file of <see cref="OnnxGraph"/>.</param>
    /// <param name="side">Side of an image.</param>
    /// <param name="bits">Code width.</param>
    /// <param name="threads">Images at once.</param>
    public OnnxForward(byte[] model, int side, int bits, int threads)
    {
        using var options = new SessionOptions
        {
            IntraOpNumThreads = 1,
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        _session = new InferenceSession(model, options);
        (_inputShape, _outputShape, Threads) = ([1, 1, side, side], [1, bits], threads);
    }

    public string Device => "cpu";

    public int Threads { get; }

    public int Batch => 1;

    public unsafe void Run(ReadOnlySpan<float> pixels, Span<float> u)
    {
        fixed (float* input = pixels, output = u)
        {
            using OrtValue x = OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Float, _inputShape, (nint)input, pixels.Length * sizeof(float));
            using OrtValue y = OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Float, _outputShape, (nint)output, u.Length * sizeof(float));
            _session.Run(_run, [OnnxGraph.Input], [x], [OnnxGraph.Output], [y]);
        }
    }

    public void Dispose()
    {
        _run.Dispose();
        _session.Dispose();
    }
}
