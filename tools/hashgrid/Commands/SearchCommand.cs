using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using HashGrid.Client;
using HashGrid.CommandLine.Inputs;
using HashGrid.CommandLine.Output;
using HashGrid.CommandLine.Reproduction.Pictures;
using Spectre.Console;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid search: the stored codes nearest to an image, a code, or a stored id.</summary>
internal sealed class SearchCommand : ToolCommand
{
    private const int HeatSide = 512;

    private readonly Argument<string?> _image = new("IMAGE") { Arity = ArgumentArity.ZeroOrOne, Description = "A PNG or JPEG file" };
    private readonly Option<string?> _code = new("--code") { HelpName = "HEX", Description = "A code instead: the bytes of a codes file, 16 hexadecimal digits for every 64 bits" };
    private readonly Option<string?> _id = new("--id") { HelpName = "N", Description = "A stored id instead, decimal or 0x…" };
    private readonly Option<int?> _k = new("-k", "--k") { HelpName = "K", Description = "Neighbours, 1 to 10000 [default: 10, and 10000 with --within]" };
    private readonly Option<int?> _within = new("--within") { HelpName = "R", Description = "Only neighbours within this distance in bits, inclusive" };
    private readonly Option<string[]> _label = new("--label") { HelpName = "LABEL", Description = "Keep what carries this label; may be given several times: any of them" };
    private readonly Option<string?> _heatmap = new("--heatmap") { HelpName = "PNG", Description = "Also draw where the network looks in IMAGE" };
    private readonly ServerOption _server = new();
    private readonly JsonOption _json = new();

    public SearchCommand()
        : base(
            "search",
            "Find the stored codes nearest to an image, a code, or a stored id. Exact, ascending by (distance, id).",
            "hashgrid search xray.png",
            "hashgrid search xray.png --heatmap heat.png",
            "hashgrid search --id 0x9f86d081884c7d65 -k 5 --label Effusion",
            "hashgrid search --code efcdab8967452301 --within 12 --json")
    {
        Add(_image);
        foreach (Option option in (Option[])[_code, _id, _k, _within, _label, _heatmap, _server, _json])
            Add(option);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        string? image = parsed.GetValue(_image), hex = parsed.GetValue(_code), id = parsed.GetValue(_id);
        if (new[] { image, hex, id }.Count(given => given is not null) != 1)
            throw new UsageException("give exactly one of IMAGE, --code HEX and --id N");
        string? heatmap = parsed.GetValue(_heatmap);
        if (heatmap is not null && image is null)
            throw new UsageException("--heatmap needs IMAGE: a code or an id has no picture");
        int? within = parsed.GetValue(_within);
        int k = parsed.GetValue(_k) ?? (within is null ? 10 : 10_000);
        if (k is < 1 or > 10_000)
            throw new UsageException($"-k is {k}, but 1 to 10000 neighbours are possible");
        if (within is < 0 or > BinaryCode.MaxBits)
            throw new UsageException($"--within is {within}, but distances are 0 to the width of the codes");

        await using HashGridClient client = _server.Connect(parsed);
        SearchQuery query = image is not null ? SearchQuery.ByImage(await ReadAsync(image, ct))
            : id is not null ? SearchQuery.ById(IdText.Parse(id))
            : SearchQuery.ByCode(ParseCode(hex!, (await client.DescribeAsync(ct)).Bits));
        var options = new QueryOptions { AnyLabel = parsed.GetValue(_label) ?? [], IncludeCodes = parsed.GetValue(_json), IncludeAttention = heatmap is not null };
        SearchAnswer answer = within is { } radius
            ? await client.WithinAsync(query, radius, k, options, ct)
            : await client.NearestAsync(query, k, options, ct);
        if (heatmap is not null && answer.QueryAttention is { } map)
        {
            using NetVips.Image drawn = HeatColors.Blend(image!, new Model.Attention.AttentionMap(map.Values.ToArray(), map.Side), HeatSide);
            drawn.Pngsave(heatmap);
        }
        if (parsed.GetValue(_json))
            PrintJson(answer);
        else
            PrintTable(answer);
        return 0;
    }

    private static async Task<byte[]> ReadAsync(string path, CancellationToken ct) =>
        File.Exists(path) ? await File.ReadAllBytesAsync(path, ct) : throw new CommandException($"the image {path} does not exist");

    private static BinaryCode ParseCode(string hex, int bits)
    {
        try
        {
            return BinaryCode.Parse(hex, bits);
        }
        catch (Exception failure) when (failure is FormatException or ArgumentException)
        {
            throw new UsageException(failure.Message.Split(" (Parameter", 2)[0]);
        }
    }

    private static void PrintTable(SearchAnswer answer)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumn(new TableColumn("distance").RightAligned()).AddColumn("id").AddColumn("name").AddColumn("labels");
        foreach (SearchMatch match in answer.Matches)
        {
            table.AddRow(
                match.Distance.ToString(CultureInfo.InvariantCulture), Json.Id(match.Id), Markup.Escape(match.Name),
                Markup.Escape(string.Join(", ", match.Labels)));
        }
        if (answer.Matches.Count > 0)
            Terminal.Out.Write(table);
        string more = answer.More ? ", and there are more" : "";
        Terminal.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{answer.Matches.Count} found{more}; {answer.Cost.Engine}, {answer.Cost.Candidates} codes compared in {answer.Cost.Elapsed.TotalMicroseconds:F0} µs"));
    }

    private static void PrintJson(SearchAnswer answer) => Json.Print(new JsonObject
    {
        ["matches"] = new JsonArray([.. answer.Matches.Select(match => (JsonNode)new JsonObject
        {
            ["id"] = Json.Id(match.Id),
            ["distance"] = match.Distance,
            ["name"] = match.Name,
            ["labels"] = Json.Strings(match.Labels),
            ["code"] = match.Code.ToString(),
        })]),
        ["exact"] = answer.Exact,
        ["more"] = answer.More,
        ["engine"] = answer.Cost.Engine,
        ["probes"] = answer.Cost.Probes,
        ["candidates"] = answer.Cost.Candidates,
        ["microseconds"] = answer.Cost.Elapsed.TotalMicroseconds,
        ["seen_sequence"] = answer.SeenSequence,
        ["query_attention"] = answer.QueryAttention is { } map ? new JsonArray([.. map.Values.ToArray().Select(value => (JsonNode)value)]) : null,
        ["query_code"] = answer.QueryCode.Bits > 0 ? answer.QueryCode.ToString() : null,
    });
}
