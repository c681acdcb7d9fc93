using System.CommandLine;
using System.Text.Json.Nodes;
using HashGrid.CommandLine.Bench;
using HashGrid.CommandLine.Inputs;
using HashGrid.CommandLine.Output;
using HashGrid.Model;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid bench encoder: how many images a second this machine encodes, by engine, threads and batch.</summary>
internal sealed class BenchEncoderCommand : ToolCommand
{
    private readonly Option<string?> _model = new("--model") { HelpName = "FILE", Description = "Weights; default: those that came with the program" };
    private readonly Option<string> _threads = new("--threads") { DefaultValueFactory = _ => "1,2", HelpName = "N,N", Description = "Threads, one measurement for each" };
    private readonly Option<string> _batch = new("--batch") { DefaultValueFactory = _ => "1,8", HelpName = "N,N", Description = "Images a call, one measurement for each" };
    private readonly Option<double> _seconds = new("--seconds") { DefaultValueFactory = _ => 5, HelpName = "S", Description = "Time for one measurement" };

    public BenchEncoderCommand()
        : base("encoder", "Measure the network without the service, decoding not counted; one JSON object on stdout.", "hashgrid bench encoder --threads 2 --batch 8")
    {
        foreach (Option option in (Option[])[_model, _threads, _batch, _seconds]) Add(option);
        SetAction((parsed, ct) => Task.Run(() => Run(parsed, ct), CancellationToken.None));
    }

    private int Run(ParseResult parsed, CancellationToken ct)
    {
        string path = parsed.GetValue(_model) ?? ModelFiles.FindDefault() ?? throw new UsageException("no weights lie beside the program; name a file with --model FILE");
        int[] threads = NumberList.Parse(parsed.GetRequiredValue(_threads), "--threads", 1, 256), batches = NumberList.Parse(parsed.GetRequiredValue(_batch), "--batch", 1, 1024);
        JsonArray rows = [];
        try
        {
            var bench = new EncoderBench(path, parsed.GetValue(_seconds));
            foreach (int thread in threads)
            {
                foreach (int batch in batches)
                {
                    ct.ThrowIfCancellationRequested();
                    rows.Add(bench.Modules(thread, batch));
                    rows.Add(bench.Encoder("torch", "float32", thread, batch));
                    rows.Add(bench.Encoder("torch", "bfloat16", thread, batch));
                    rows.Add(bench.Encoder("onnx", "float32", thread, batch));
                    rows.Add(bench.Encoder("onnx", "int8", thread, batch));
                }
            }
        }
        catch (ModelFileException failure)
        {
            throw new CommandException(failure.Message);
        }
        Json.Print(new JsonObject { ["model"] = Path.GetFileName(path), ["results"] = rows });
        return 0;
    }
}
