using System.Diagnostics;
using System.Text.Json.Nodes;
using HashGrid.Model;
using HashGrid.Model.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.CommandLine.Bench;

/// <summary>Images a second of one network, run in each way there is, one after the other in this process.</summary>
/// <param name="weights">The weights.</param>
/// <param name="seconds">Time for one measurement.</param>
internal sealed class EncoderBench(string weights, double seconds)
{
    /// <summary>The network as it was trained, layer by layer in float32 on libtorch: what the others are compared with.</summary>
    public JsonObject Modules(int threads, int batch)
    {
        (HashNet net, ModelIdentity identity) = ModelFile.Load(weights);
        using (net)
        using (IDisposable inference = inference_mode())
        {
            set_num_threads(threads);
            int side = identity.InputSize;
            float[] pixels = Pixels(batch, side);
            return Row("modules", "float32", "cpu", threads, batch, Rate(batch, () =>
            {
                using DisposeScope scope = NewDisposeScope();
                _ = net.Forward(tensor(pixels, [batch, side, side])).Code.data<float>()[0];
            }));
        }
    }

    /// <summary>The encoder that the service uses.</summary>
    public JsonObject Encoder(string engine, string precision, int threads, int batch)
    {
        using HashEncoder encoder = HashEncoder.Load(weights, new HashEncoderOptions { Engine = engine, Precision = precision, Threads = threads });
        float[] pixels = Pixels(batch, encoder.Identity.InputSize);
        var codes = new ulong[batch * encoder.WordsPerCode];
        return Row(encoder.Engine, encoder.Precision, encoder.Device, threads, batch, Rate(batch, () => encoder.Encode(pixels, batch, codes)));
    }

    private static float[] Pixels(int batch, int side)
    {
        var random = new Random(20301);
        return [.. Enumerable.Range(0, batch * side * side).Select(_ => random.NextSingle())];
    }

    private static JsonObject Row(string engine, string precision, string device, int threads, int batch, double rate) =>
        new() { ["engine"] = engine, ["precision"] = precision, ["device"] = device, ["threads"] = threads, ["batch"] = batch, ["images_per_second"] = Math.Round(rate, 1) };

    /// <summary>The best of five stretches: anything else on the machine only slows them.</summary>
    private double Rate(int batch, Action run)
    {
        run();
        double best = 0;
        for (int stretch = 0; stretch < 5; stretch++)
        {
            long begin = Stopwatch.GetTimestamp();
            int runs = 0;
            do
            {
                run();
                runs++;
            }
            while (Stopwatch.GetElapsedTime(begin).TotalSeconds < seconds / 5);
            best = Math.Max(best, runs * batch / Stopwatch.GetElapsedTime(begin).TotalSeconds);
        }
        return best;
    }
}
