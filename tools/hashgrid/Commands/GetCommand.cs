using System.CommandLine;
using System.Text.Json.Nodes;
using HashGrid.Client;
using HashGrid.CommandLine.Inputs;
using HashGrid.CommandLine.Output;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid get: what is stored under one id.</summary>
internal sealed class GetCommand : ToolCommand
{
    private readonly Argument<string> _id = new("ID") { Description = "Decimal, or 0x and hexadecimal digits" };
    private readonly ServerOption _server = new();
    private readonly JsonOption _json = new();

    public GetCommand()
        : base("get", "Show what is stored under an id.", "hashgrid get 42", "hashgrid get 0x9f86d081884c7d65 --json")
    {
        Add(_id);
        Add(_server);
        Add(_json);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        ulong id = IdText.Parse(parsed.GetRequiredValue(_id));
        await using HashGridClient client = _server.Connect(parsed);
        StoredItem item = await client.GetAsync(id, ct) ?? throw new CommandException($"the store holds nothing under id {id}");
        if (parsed.GetValue(_json))
        {
            Json.Print(new JsonObject
            {
                ["id"] = Json.Id(item.Id),
                ["code"] = item.Code.ToString(),
                ["bits"] = item.Code.Bits,
                ["labels"] = Json.Strings(item.Labels),
                ["name"] = item.Name,
                ["sequence"] = item.Sequence,
                ["digest"] = item.Digest,
                ["duplicate_of"] = item.DuplicateOf is { } holder ? Json.Id(holder) : null,
            });
            return 0;
        }
        Facts.Print(
            ("id", Json.Id(item.Id)), ("code", item.Code.ToString()), ("bits", item.Code.Bits), ("name", item.Name),
            ("labels", string.Join(", ", item.Labels)), ("sequence", item.Sequence),
            ("digest", item.Digest ?? "none: stored as a code"), ("duplicate of", item.DuplicateOf is { } of ? Json.Id(of) : "none"));
        return 0;
    }
}
