using System.CommandLine;
using System.Text.Json.Nodes;
using HashGrid.CommandLine.Bench;
using HashGrid.CommandLine.Inputs;
using HashGrid.CommandLine.Output;
using HashGrid.Model;
using HashGrid.Model.Calibration;
using HashGrid.Model.Imaging;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid bench encoder: how many images a second this machine encodes, by engine, precision, threads and batch, and what the service keeps of it.</summary>
internal sealed class BenchEncoderCommand : ToolCommand
{
    private const int MostImages = 256;

    private readonly Option<string?> _model = new("--model") { HelpName = "FILE", Description = "Weights; default: those that came with the program" };
    private readonly Option<string> _threads = new("--threads") { DefaultValueFactory = _ => "1,2", HelpName = "N,N", Description = "Threads, one measurement for each" };
    private readonly Option<string> _batch = new("--batch") { DefaultValueFactory = _ => "1,8", HelpName = "N,N", Description = "Images a call, one measurement for each" };
    private readonly Option<string[]> _images = new("--images") { HelpName = "PATH", Description = "PNG and JPEG files or folders: measures decoding, decoding and network together, and a server with a client on a Unix socket, too" };
    private readonly Option<double> _seconds = new("--seconds") { DefaultValueFactory = _ => 5, HelpName = "S", Description = "Time for one measurement" };
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object: model, results, pipeline" };

    public BenchEncoderCommand()
        : base(
            "encoder",
            "Measure the network in every engine and precision, in turn in one process; with --images, the way from files to codes.",
            "hashgrid bench encoder --threads 2 --batch 1,8,32",
            "hashgrid bench encoder --threads 2 --batch 8 --images samples --json")
    {
        foreach (Option option in (Option[])[_model, _threads, _batch, _images, _seconds, _json]) Add(option);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        string path = parsed.GetValue(_model) ?? ModelFiles.FindDefault() ?? throw new UsageException("no weights lie beside the program; name a file with --model FILE");
        int[] threads = NumberList.Parse(parsed.GetRequiredValue(_threads), "--threads", 1, 256), batches = NumberList.Parse(parsed.GetRequiredValue(_batch), "--batch", 1, 1024);
        double seconds = parsed.GetValue(_seconds);
        byte[][] files = parsed.GetValue(_images) is { Length: > 0 } paths ? [.. ImagePaths.Expand(paths).Take(MostImages).Select(File.ReadAllBytes)] : [];
        JsonArray rows = [], pipeline = [];
        // Tensors belong to the thread that made them.
        await Task.Factory.StartNew(
            () =>
            {
                var bench = new EncoderBench(path, seconds);
                foreach (int thread in threads)
                {
                    foreach (int batch in batches)
                        foreach (JsonObject row in bench.Run(thread, batch, ct)) rows.Add(row);
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        try
        {
            foreach (string precision in files.Length == 0 ? [] : Calibrator.IsCalibrated(path) ? (string[])["float32", "int8"] : ["float32"])
                foreach (int thread in threads)
                    pipeline.Add(await new PipelineBench(path, new HashEncoderOptions { Device = "cpu", Precision = precision }, files, seconds).RunAsync(thread, ct));
        }
        catch (ImageFormatException failure)
        {
            throw new CommandException(failure.Message);
        }
        if (parsed.GetValue(_json))
        {
            Json.Print(new JsonObject { ["model"] = Path.GetFileName(path), ["results"] = rows, ["pipeline"] = pipeline });
            return 0;
        }
        Print(rows, ("engine", -8), ("precision", -9), ("threads", 7), ("batch", 5), ("images_per_second", 17), ("times_modules", 13), ("processor_ms_per_image", 22));
        if (pipeline.Count > 0)
        {
            Console.Out.WriteLine();
            Print(pipeline, ("engine", -8), ("precision", -9), ("threads", 7), ("decode", 8), ("encode", 8), ("decode_and_encode", 17), ("service", 8), ("service_of_encode", 17), ("service_of_decode_and_encode", 28));
            Console.Out.WriteLine();
            Print(pipeline, ("engine", -8), ("precision", -9), ("threads", 7), ("decode_processor_ms", 19), ("encode_processor_ms", 19), ("decode_and_encode_processor_ms", 30), ("server_processor_ms", 19), ("server_efficiency", 17));
        }
        return 0;
    }

    private static void Print(JsonArray rows, params (string Key, int Width)[] columns)
    {
        Console.Out.WriteLine(string.Join("  ", columns.Select(column => Cell(column.Key.Replace('_', ' '), column.Width))).TrimEnd());
        foreach (JsonNode? row in rows)
            Console.Out.WriteLine(string.Join("  ", columns.Select(column => Cell(row![column.Key]?.ToString() ?? "-", column.Width))).TrimEnd());
    }

    private static string Cell(string text, int width) => width < 0 ? text.PadRight(-width) : text.PadLeft(width);
}
