using System.CommandLine;
using HashGrid.Client;
using HashGrid.CommandLine.Inputs;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid remove: forget ids.</summary>
internal sealed class RemoveCommand : ToolCommand
{
    private readonly Argument<string[]> _ids = new("IDS") { Arity = ArgumentArity.OneOrMore, Description = "Decimal, or 0x and hexadecimal digits" };
    private readonly ServerOption _server = new();

    public RemoveCommand()
        : base("remove", "Remove ids from the store; on disk when it returns.", "hashgrid remove 42", "hashgrid remove 0x9f86d081884c7d65 43")
    {
        Add(_ids);
        Add(_server);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        ulong[] ids = [.. parsed.GetRequiredValue(_ids).Select(IdText.Parse)];
        await using HashGridClient client = _server.Connect(parsed);
        int unknown = 0;
        foreach (ulong id in ids)
        {
            if (await client.RemoveAsync(id, ct))
            {
                Console.Out.WriteLine($"removed {id}");
                continue;
            }
            Console.Error.WriteLine($"hashgrid: the store holds nothing under id {id}");
            unknown++;
        }
        return unknown == 0 ? 0 : 1;
    }
}
