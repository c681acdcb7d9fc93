using System.Security.Cryptography;
using System.Text.Json.Nodes;
using HashGrid.Tools.Tests.Support;

namespace HashGrid.Tools.Tests;

/// <summary>The commands that read a store's files, on the golden store of the tests.</summary>
[Category("Durability")]
public class StoreFileTests
{
    private TempFolder _folder = null!;

    private string Store => _folder.File("store");

    [SetUp]
    public void CopyGolden()
    {
        _folder = new TempFolder();
        CopyGolden("format-1", Store);
    }

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public async Task Fsck_WholeThenDamagedStore_SaysSoByExitCodeAndPlace()
    {
        ToolRun whole = await Tool.HashGridAsync("fsck", Store);
        FlipByteOfRecord(5);
        ToolRun damaged = await Tool.HashGridAsync("fsck", Store, "--json");

        Assert.Multiple(() =>
        {
            Assert.That(whole.ExitCode, Is.Zero, whole.Error);
            Assert.That(whole.Output, Does.Contain("clean: every acknowledged record verifies"));
            Assert.That(damaged.ExitCode, Is.EqualTo(1));
            JsonNode finding = JsonNode.Parse(damaged.Output)!["findings"]!.AsArray().Single()!;
            Assert.That((string)finding["file"]!, Is.EqualTo("journal/segment.0"));
            Assert.That((long)finding["first_lost"]!, Is.EqualTo(5));
        });
    }

    [Test]
    public async Task Dump_GoldenStore_PrintsTheRecordsThatWereWritten()
    {
        ToolRun dump = await Tool.HashGridAsync("dump", Store);
        JsonNode[] lines = [.. dump.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];

        Assert.Multiple(() =>
        {
            Assert.That(dump.ExitCode, Is.Zero, dump.Error);
            Assert.That(lines.Select(line => (long)line["sequence"]!), Is.EqualTo(Enumerable.Range(1, lines.Length)));
            Assert.That((string)lines[0]["kind"]!, Is.EqualTo("identity"));
            Assert.That(
                lines.Where(line => (string)line["kind"]! is "put" or "remove").Select(line => $"{line["kind"]} {line["id"]} {line["code"]}"),
                Is.EqualTo(new[]
                {
                    "put 1 1111000000000000", "put 2 2222000000000000", "put 3 3333000000000000", "put 4 4444000000000000", "remove 3 ",
                    "put 2 2322000000000000", "put 5 5555000000000000", "put 6 ffffffffffffffff", "put 18446744073709551615 7777000000000000",
                }));
            Assert.That(dump.Output, Does.Contain("\"name\":\"größe.jpg\"").And.Contain("\"stream\":\"scanner-7\"").And.Contain("\"2026-01-01T00:00:00.000Z\""));
        });
    }

    [Test]
    public async Task DumpAndFsck_StoreWithDigests_ShowThem()
    {
        string store = CopyGolden("format-4");
        ToolRun dump = await Tool.HashGridAsync("dump", store), fsck = await Tool.HashGridAsync("fsck", store, "--json");
        JsonNode[] lines = [.. dump.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
        string four = Convert.ToHexStringLower(SHA256.HashData("four"u8))[..32];

        Assert.Multiple(() =>
        {
            Assert.That(
                lines.Where(line => (string)line["digest"]! == four).Select(line => $"{line["id"]} {line["duplicate_of"]}"), Is.EqualTo(new[] { "4 ", "5 4" }));
            Assert.That((string)lines.Single(line => (string)line["kind"]! == "refuse")["duplicate_of"]!, Is.EqualTo("1"));
            Assert.That(lines.Single(line => (string)line["id"]! == "6")["digest"], Is.Null, "it came as a code");
            Assert.That((int)JsonNode.Parse(fsck.Output)!["digests"]!, Is.EqualTo(lines.Count(line => line["digest"] is not null)));
        });
    }

    [Test]
    public async Task Compact_StoreWithRemovedCodes_DropsThemAndSaysSo()
    {
        ToolRun first = await Tool.HashGridAsync("compact", Store, "--json");
        ToolRun dump = await Tool.HashGridAsync("dump", Store);
        ToolRun again = await Tool.HashGridAsync("compact", Store);
        ToolRun none = await Tool.HashGridAsync("compact", _folder.File("nothing"));

        Assert.Multiple(() =>
        {
            Assert.That(first.ExitCode, Is.Zero, first.Error);
            Assert.That((long)JsonNode.Parse(first.Output)!["records_before"]! - (long)JsonNode.Parse(first.Output)!["records_after"]!, Is.EqualTo(4));
            Assert.That(dump.ExitCode, Is.Zero, dump.Error);
            Assert.That(dump.Output, Does.Not.Contain("3333000000000000").And.Not.Contain("\"remove\"").And.Contain("2322000000000000"));
            Assert.That(again.Output, Does.StartWith("nothing to gain"));
            Assert.That(none.ExitCode, Is.EqualTo(1));
            Assert.That(none.ErrorLines.Single(), Does.Contain("there is no store"));
        });
    }

    [Test]
    public async Task BackupAndRestore_StoppedStore_GiveTheSameRecordsAndRefuseWhatIsTaken()
    {
        string backup = _folder.File("backup"), restored = _folder.File("restored");
        ToolRun first = await Tool.HashGridAsync("backup", "--data", Store, "--out", backup, "--json");
        ToolRun again = await Tool.HashGridAsync("backup", "--data", Store, "--out", backup);
        ToolRun restore = await Tool.HashGridAsync("restore", backup, "--data", restored);
        ToolRun[] dumps = [await Tool.HashGridAsync("dump", Store), await Tool.HashGridAsync("dump", restored)];
        ToolRun taken = await Tool.HashGridAsync("restore", backup, "--data", Store);
        ToolRun both = await Tool.HashGridAsync("backup", "--data", Store, "--server", "http://127.0.0.1:1", "--out", backup);

        Assert.Multiple(() =>
        {
            Assert.That(first.ExitCode, Is.Zero, first.Error);
            Assert.That((long)JsonNode.Parse(first.Output)!["copied_bytes"]!, Is.GreaterThan(500));
            Assert.That(again.Output, Does.Contain(": 0 bytes copied behind what was there"), again.Error);
            Assert.That(restore.ExitCode, Is.Zero, restore.Error);
            Assert.That(dumps[1].Output, Is.EqualTo(dumps[0].Output).And.Not.Empty);
            Assert.That(taken.ExitCode, Is.EqualTo(1));
            Assert.That(taken.ErrorLines.Single(), Does.Contain("holds a store"));
            Assert.That(both.ExitCode, Is.EqualTo(2));
        });
    }

    [Test]
    public async Task Salvage_DamagedStore_WritesANewOneAndNamesWhatIsLost()
    {
        FlipByteOfRecord(5);
        ToolRun salvage = await Tool.HashGridAsync("salvage", Store, "--out", _folder.File("new"));
        ToolRun fsck = await Tool.HashGridAsync("fsck", _folder.File("new"));
        ToolRun again = await Tool.HashGridAsync("salvage", Store, "--out", _folder.File("new"));

        Assert.Multiple(() =>
        {
            Assert.That(salvage.ExitCode, Is.EqualTo(1), salvage.Error);
            Assert.That(salvage.Output, Does.Contain("record 5 is lost").And.Contain("1 records lost"));
            Assert.That(fsck.ExitCode, Is.Zero, fsck.Output);
            Assert.That(again.ExitCode, Is.EqualTo(1));
            Assert.That(again.ErrorLines.Single(), Does.Contain("not empty"));
        });
    }

    [Test]
    [Platform("Linux")]
    public async Task FsckDumpSalvage_FileThatCanNotBeRead_SayWhichAndGoOn()
    {
        // The kernel answers EIO to whoever reads this file from its beginning.
        string commits = Path.Combine(Store, "commits");
        File.Delete(commits);
        File.CreateSymbolicLink(commits, "/proc/self/mem");
        ToolRun fsck = await Tool.HashGridAsync("fsck", Store, "--json");
        ToolRun dump = await Tool.HashGridAsync("dump", Store);
        ToolRun salvage = await Tool.HashGridAsync("salvage", Store, "--out", _folder.File("new"));

        Assert.Multiple(() =>
        {
            Assert.That(new[] { fsck.ExitCode, dump.ExitCode, salvage.ExitCode }, Is.EqualTo(new[] { 1, 1, 1 }), fsck.Error + salvage.Error);
            JsonNode[] findings = [.. JsonNode.Parse(fsck.Output)!["findings"]!.AsArray().Select(finding => finding!)];
            Assert.That(findings.Select(finding => $"{finding["file"]} {finding["offset"]} {finding["unreadable_bytes"]}"), Is.EqualTo(new[] { "commits 0 4096", "commits 4096 4096" }));
            Assert.That((string)findings[0]["message"]!, Does.Contain("can not be read"));
            Assert.That(dump.ErrorLines, Has.Length.EqualTo(2).And.All.Contains("commits"));
            Assert.That(dump.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries), Has.Length.EqualTo((int)JsonNode.Parse(fsck.Output)!["records"]!));
            Assert.That(salvage.Output, Does.Contain(" 0 records lost"));
        });
    }

    [Test]
    public async Task Bench_SmallStore_ReportsAndCleansUp()
    {
        ToolRun fsync = await Tool.HashGridAsync("bench", "fsync", _folder.File("disk"), "--seconds", "0.2", "--json");
        ToolRun store = await Tool.HashGridAsync("bench", "store", _folder.File("disk"), "--codes", "5000", "--streams", "4", "--snapshot", "--json");
        ToolRun digests = await Tool.HashGridAsync("bench", "store", _folder.File("disk"), "--codes", "5000", "--streams", "4", "--digests", "--json");

        Assert.Multiple(() =>
        {
            Assert.That((double)JsonNode.Parse(digests.Output)!["digest_memory_bytes_per_code"]!, Is.GreaterThan(20));
            Assert.That((double)JsonNode.Parse(digests.Output)!["journal_bytes_per_code"]!, Is.InRange(26, 72));
            Assert.That(fsync.ExitCode, Is.Zero, fsync.Error);
            Assert.That((double)JsonNode.Parse(fsync.Output)!["durable_put"]!["p50_us"]!, Is.GreaterThan(0));
            Assert.That(store.ExitCode, Is.Zero, store.Error);
            // From a code in a full frame to one that has a frame for itself.
            Assert.That((double)JsonNode.Parse(store.Output)!["journal_bytes_per_code"]!, Is.InRange(10, 56));
            Assert.That((double)JsonNode.Parse(store.Output)!["journal_bytes_per_payload_byte"]!, Is.InRange(0.4, 3));
            Assert.That(Directory.EnumerateFileSystemEntries(_folder.File("disk")), Is.Empty);
        });
    }

    [Test]
    public async Task Bench_Duplicates_EncodesWhatIsNewAndLinksTheRest()
    {
        string[] images = [.. Directory.GetFiles(Path.Combine(Repository.Root, "samples", "images")).Order(StringComparer.Ordinal).Take(2)];
        ToolRun run = await Tool.HashGridAsync(["bench", "duplicates", .. images, "--seconds", "0.1", "--json"]);
        Assert.That(run.ExitCode, Is.Zero, run.Error);
        JsonNode report = JsonNode.Parse(run.Output)!;
        Assert.That((long)report["items_linked"]!, Is.GreaterThan(0));
        Assert.That((long)report["digest_images"]!, Is.GreaterThan((long)report["items_linked"]! + 2));
    }

    [Test]
    public async Task Bench_Backup_CopiesAloneAndBesideIngestAndCleansUp()
    {
        ToolRun run = await Tool.HashGridAsync("bench", "backup", _folder.File("disk"), "--codes", "3000", "--seconds", "0.5", "--model", TinyModel.Path, "--json");
        Assert.That(run.ExitCode, Is.Zero, run.Error);
        JsonNode report = JsonNode.Parse(run.Output)!;
        Assert.Multiple(() =>
        {
            Assert.That((long)report["journal_bytes"]!, Is.GreaterThan(3000 * 64));
            foreach (string figure in (string[])["copy_megabytes_per_second", "stored_per_second_alone", "stored_per_second_beside_backups", "acknowledged_ms_p50_beside_backups"])
                Assert.That((double)report[figure]!, Is.Positive, figure);
            Assert.That(Directory.EnumerateFileSystemEntries(_folder.File("disk")), Is.Empty);
        });
    }

    private string CopyGolden(string format, string? to = null)
    {
        to ??= _folder.File(format);
        string golden = Path.Combine(Repository.Root, "tests", "HashGrid.Server.Tests", "Storage", "Golden", format);
        foreach (string path in Directory.EnumerateFiles(golden, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(golden, path));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(path, target);
        }
        return to;
    }

    private void FlipByteOfRecord(long sequence)
    {
        // Behind the 4 bytes of length, a frame has its sequence at 20, its magic at 8.
        string path = Path.Combine(Store, "journal", "segment.0");
        byte[] bytes = File.ReadAllBytes(path);
        int at = Enumerable.Range(64, bytes.Length - 100).First(i => bytes[i + 12] == 0x48 && bytes[i + 13] == 0x47 && BitConverter.ToInt64(bytes, i + 24) == sequence);
        bytes[at + 30] ^= 1;
        File.WriteAllBytes(path, bytes);
    }
}
