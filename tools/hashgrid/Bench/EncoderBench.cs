using System.Text.Json.Nodes;
using HashGrid.Model;
using HashGrid.Model.Calibration;
using HashGrid.Model.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.CommandLine.Bench;

/// <summary>Images a second of one network, run in each way there is, in turn in this process.</summary>
/// <param name="weights">The weights.</param>
/// <param name="seconds">Time for one measurement.</param>
internal sealed class EncoderBench(string weights, double seconds)
{
    /// <summary>Name of the network as it was trained, layer by layer in float32 on libtorch: what the others are compared with.</summary>
    private const string Modules = "modules";

    /// <summary>Every engine and precision with these threads and this batch.</summary>
    public IEnumerable<JsonObject> Run(int threads, int batch, CancellationToken ct)
    {
        List<(string Engine, string Precision, string Device, TimedWork Work)> runs = [];
        List<IDisposable> owned = [];
        try
        {
            (IHashModel net, ModelIdentity identity) = HashModels.Load(weights);
            owned.Add(net);
            float[] pixels = Pixels(batch, identity.InputSize);
            runs.Add((Modules, "float32", "cpu", new TimedWork(batch, () =>
            {
                set_num_threads(threads);
                using IDisposable inference = inference_mode();
                using DisposeScope scope = NewDisposeScope();
                _ = net.Codes(tensor(pixels, [batch, identity.InputSize, identity.InputSize])).data<float>()[0];
            })));
            foreach (HashEncoderOptions options in Choices(threads))
            {
                HashEncoder encoder = HashEncoder.Load(weights, options);
                owned.Add(encoder);
                var codes = new ulong[batch * encoder.WordsPerCode];
                runs.Add((encoder.Engine, encoder.Precision, encoder.Device, new TimedWork(batch, () =>
                {
                    set_num_threads(threads);
                    encoder.Encode(pixels, batch, codes);
                })));
            }
            TimedWork.InTurn([.. runs.Select(run => run.Work)], seconds, ct);
        }
        finally
        {
            owned.ForEach(one => one.Dispose());
        }
        return runs.Select(run => new JsonObject
        {
            ["engine"] = run.Engine,
            ["precision"] = run.Precision,
            ["device"] = run.Device,
            ["threads"] = threads,
            ["batch"] = batch,
            ["images_per_second"] = Math.Round(run.Work.Rate, 1),
            ["processor_ms_per_image"] = Math.Round(run.Work.ProcessorMilliseconds, 2),
            ["times_modules"] = Math.Round(run.Work.Rate / runs[0].Work.Rate, 2),
            ["processor_times_modules"] = runs[0].Work.ProcessorTimes(run.Work, 2),
        });
    }

    private IEnumerable<HashEncoderOptions> Choices(int threads)
    {
        yield return new HashEncoderOptions { Engine = "torch", Precision = "float32", Threads = threads };
        yield return new HashEncoderOptions { Engine = "torch", Precision = "bfloat16", Threads = threads };
        yield return new HashEncoderOptions { Engine = "onnx", Precision = "float32", Threads = threads };
        if (Calibrator.IsCalibrated(weights))
            yield return new HashEncoderOptions { Engine = "onnx", Precision = "int8", Threads = threads };
    }

    private static float[] Pixels(int batch, int side)
    {
        var random = new Random(20301);
        return [.. Enumerable.Range(0, batch * side * side).Select(_ => random.NextSingle())];
    }
}
