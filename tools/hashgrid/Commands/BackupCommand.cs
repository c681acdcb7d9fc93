using System.CommandLine;
using HashGrid.Client;
using HashGrid.CommandLine.Output;
using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Backups;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid backup: a copy of a store, running or stopped, that is a store itself.</summary>
internal sealed class BackupCommand : ToolCommand
{
    private readonly ServerOption _server = new();
    private readonly Option<string?> _data = new("--data") { HelpName = "DIR", Description = "Copy this folder of a stopped store in place of a running server's" };
    private readonly Option<string> _out = new("--out") { Required = true, HelpName = "DIR", Description = "Folder of the backup: absent, empty, or with an older or unfinished backup of the same store" };
    private readonly JsonOption _json = new();

    public BackupCommand()
        : base(
            "backup",
            "Copy a store, each record verified on both sides. The server goes on serving; what was acknowledged before the command began is in the copy.\n\n"
                + "Run again into the same folder, it copies only what is new; interrupted, it goes on where it stopped. A backup is a store folder without the views that a start makes: `restore` or `serve` it, `fsck` proves it.",
            "hashgrid backup --out /backups/hashgrid",
            "hashgrid backup --data hashgrid-data --out /backups/hashgrid")
    {
        Add(_server);
        Add(_data);
        Add(_out);
        Add(_json);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        if (parsed.GetValue(_data) is not null && parsed.GetResult(_server) is { Implicit: false })
            throw new UsageException("--server and --data name two stores; give one of them");
        var target = new CodeStoreOptions { Directory = parsed.GetRequiredValue(_out) };
        BackupReport report = await BackupOutput.RunAsync("backup", progress => parsed.GetValue(_data) is { } data
            ? StoreBackup.RunAsync(data, target, progress, ct)
            : DownloadAsync(parsed, target, progress, ct));
        BackupOutput.Print(report, target.Directory, parsed.GetValue(_json));
        return 0;
    }

    private async Task<BackupReport> DownloadAsync(ParseResult parsed, CodeStoreOptions target, Action<long, long> progress, CancellationToken ct)
    {
        await using HashGridClient client = _server.Connect(parsed);
        return await BackupTransfer.RunAsync(client, target, progress, ct);
    }
}
