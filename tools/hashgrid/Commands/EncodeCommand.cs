using System.CommandLine;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using HashGrid.Client;
using HashGrid.CommandLine.Inputs;
using HashGrid.CommandLine.Output;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid encode: images to a file of raw codes, through the server; nothing is stored.</summary>
internal sealed class EncodeCommand : ToolCommand
{
    private readonly Argument<string[]> _paths = new("PATHS") { Arity = ArgumentArity.OneOrMore, Description = "PNG and JPEG files, or folders of them" };
    private readonly Option<string> _out = new("--out") { Required = true, HelpName = "FILE", Description = "Raw codes: little-endian 64-bit words, no header. FILE.ids.csv beside it tells position, id and file" };
    private readonly ServerOption _server = new();
    private readonly JsonOption _json = new();

    public EncodeCommand()
        : base(
            "encode",
            "Make codes of images and write them to a file; nothing is stored.",
            "hashgrid encode samples --out codes.bin",
            "hashgrid encode a.png b.jpg --out codes.bin --server unix:/run/hashgrid.sock")
    {
        Add(_paths);
        foreach (Option option in (Option[])[_out, _server, _json])
            Add(option);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        List<string> files = ImagePaths.Expand(parsed.GetRequiredValue(_paths));
        string path = parsed.GetRequiredValue(_out);
        await using HashGridClient client = _server.Connect(parsed);
        ModelInfo model = await client.DescribeAsync(ct);

        await using var codes = new FileStream(path, FileMode.Create, FileAccess.Write);
        await using var ids = new StreamWriter(path + ".ids.csv");
        await ids.WriteLineAsync("position,id,file");
        var contentIds = new ulong[files.Count];
        var refused = new List<(string File, ItemFailure Failure)>();
        int written = 0;
        await Progress.RunAsync("Encoding", files.Count, async tick =>
        {
            await foreach (EncodeResult result in client.EncodeAsync(ReadAsync(files, contentIds, ct), ct))
            {
                string file = files[(int)result.Tag];
                if (result.Failure is { } failure)
                {
                    refused.Add((file, failure));
                }
                else
                {
                    CodeFile.Write(codes, result.Code.Words.Span);
                    await ids.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{written++},{contentIds[result.Tag]},{Quote(file)}"));
                }
                tick();
            }
        });

        if (parsed.GetValue(_json))
            Json.Print(new JsonObject { ["codes"] = written, ["bits"] = model.Bits, ["model"] = model.Name, ["out"] = path, ["refused"] = Refusals.ToJson(refused) });
        else
            Console.Out.WriteLine($"{written} codes of {model.Bits} bits by {model.Name} are in {path}, their ids and files in {path}.ids.csv");
        return Refusals.Complain(refused);
    }

    private static async IAsyncEnumerable<ImageItem> ReadAsync(
        List<string> files, ulong[] contentIds, [EnumeratorCancellation] CancellationToken ct)
    {
        for (int i = 0; i < files.Count; i++)
        {
            byte[] bytes = await File.ReadAllBytesAsync(files[i], ct);
            contentIds[i] = ContentId.Of(bytes);
            yield return new ImageItem((ulong)i, bytes);
        }
    }

    private static string Quote(string field) =>
        field.AsSpan().IndexOfAny(',', '"', '\n') < 0 ? field : $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
