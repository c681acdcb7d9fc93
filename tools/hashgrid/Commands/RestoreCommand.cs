using System.CommandLine;
using HashGrid.CommandLine.Output;
using HashGrid.Server.Storage;
using HashGrid.Server.Storage.Backups;

namespace HashGrid.CommandLine.Commands;

/// <summary>hashgrid restore: a store from a backup.</summary>
internal sealed class RestoreCommand : ToolCommand
{
    private readonly Argument<string> _backup = new("BACKUP") { Description = "Folder of the backup; it is not changed" };
    private readonly Option<string> _data = new("--data") { Required = true, HelpName = "DIR", Description = "Folder of the store to make: absent, or empty" };
    private readonly JsonOption _json = new();

    public RestoreCommand()
        : base(
            "restore",
            "Prove every byte of a backup, then make a store of it. Interrupted, the folder is no store until the same command has run to its end.\n\n"
                + "The store is as it was at the time of the backup: what was removed since is there again, and what was stored since is not. "
                + "Clients whose streams are ahead of it are told so (STREAM_AHEAD).",
            "hashgrid restore /backups/hashgrid --data hashgrid-data")
    {
        Add(_backup);
        Add(_data);
        Add(_json);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        var target = new CodeStoreOptions { Directory = parsed.GetRequiredValue(_data) };
        BackupReport report = await BackupOutput.RunAsync("restore", progress => StoreBackup.RestoreAsync(parsed.GetRequiredValue(_backup), target, progress, ct));
        BackupOutput.Print(report, target.Directory, parsed.GetValue(_json));
        return 0;
    }
}
