using System.Globalization;
using System.Text.Json.Nodes;
using HashGrid.Server.Storage.Backups;

namespace HashGrid.CommandLine.Output;

/// <summary>What backup and restore say while they run, and afterwards.</summary>
internal static class BackupOutput
{
    private const int Steps = 1000;

    /// <param name="title">What is going on.</param>
    /// <param name="work">Receives what it tells its bytes done and bytes in all.</param>
    public static async Task<BackupReport> RunAsync(string title, Func<Action<long, long>, Task<BackupReport>> work)
    {
        BackupReport? report = null;
        await Progress.RunAsync(title, Steps, async step =>
        {
            int shown = 0;
            report = await work((done, total) =>
            {
                for (int reached = total == 0 ? Steps : (int)(done * Steps / total); shown < reached; shown++)
                    step();
            });
        });
        return report!;
    }

    public static void Print(BackupReport report, string folder, bool json)
    {
        if (json)
        {
            Json.Print(new JsonObject
            {
                ["store_id"] = report.StoreId.ToString(),
                ["continued"] = report.Continued,
                ["last_sequence"] = report.LastSequence,
                ["copied_bytes"] = report.CopiedBytes,
                ["journal_bytes"] = report.JournalBytes,
            });
            return;
        }
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"'{folder}' holds store {report.StoreId} up to sequence {report.LastSequence}: {report.CopiedBytes} bytes copied{(report.Continued ? " behind what was there" : "")}, {report.JournalBytes} in all"));
    }
}
