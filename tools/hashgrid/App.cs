using System.CommandLine;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using HashGrid.Client;
using HashGrid.CommandLine.Commands;
using HashGrid.Model;
using HashGrid.Model.Datasets;
using HashGrid.Model.Runtime;
using HashGrid.Server.Storage;

namespace HashGrid.CommandLine;

/// <summary>The command tree, and the one place where failures become a line on stderr and an exit code.</summary>
/// <remarks>Exit codes: 0 done, 1 it could not be done, 2 the command line cannot be right, 130 interrupted by Ctrl-C.</remarks>
internal static class App
{
    private const int Failed = 1;
    private const int WrongArguments = 2;
    private const int Interrupted = 130;

    public static async Task<int> RunAsync(string[] args)
    {
        ParseResult parsed = Root().Parse(args);
        if (parsed.Errors.Count > 0)
        {
            string[] problems = [.. Describe(parsed)];
            problems[^1] += $"; see `{PathOf(parsed.CommandResult)} --help`";
            return parsed.CommandResult.Command is ServeCommand serve ? await serve.RefuseAsync(parsed, problems) : Complain(WrongArguments, problems);
        }

        using var interrupt = new CancellationTokenSource();
        // The server stops by its own rules, and its exit code is its own.
        using PosixSignalRegistration? onInterrupt = parsed.CommandResult.Command is ServeCommand ? null : PosixSignalRegistration.Create(PosixSignal.SIGINT, signal =>
        {
            // The first one ends the work in order; a second one, the process.
            signal.Cancel = !interrupt.IsCancellationRequested;
            interrupt.Cancel();
        });
        try
        {
            var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return await parsed.InvokeAsync(configuration, interrupt.Token);
        }
        catch (OperationCanceledException) when (interrupt.IsCancellationRequested)
        {
            return Complain(Interrupted, "interrupted");
        }
        catch (Exception failure) when (interrupt.IsCancellationRequested)
        {
            return Complain(Interrupted, $"interrupted ({FirstLine(failure)})");
        }
        catch (UsageException failure)
        {
            return Complain(WrongArguments, $"{failure.Message}; see `{PathOf(parsed.CommandResult)} --help`");
        }
        catch (Exception failure) when (failure is CommandException or HashGridException or CodeStoreException or IOException or UnauthorizedAccessException
            or ModelFileException or DatasetException or TorchRuntimeException)
        {
            return Complain(Failed, FirstLine(failure));
        }
        catch (Exception failure)
        {
            string trace = Environment.GetEnvironmentVariable("HASHGRID_DEBUG") == "1" ? Environment.NewLine + failure : "; HASHGRID_DEBUG=1 shows more";
            return Complain(Failed, $"unexpected {failure.GetType().Name}: {FirstLine(failure)}{trace}");
        }
    }

    public static RootCommand Root()
    {
        RootCommand root = new("Images in, binary codes out, near codes back.\n\nStart with `hashgrid demo`, which runs everything once on sample X-rays.")
        {
            new ServeCommand(),
            new DemoCommand(),
            new EncodeCommand(),
            new IngestCommand(),
            new SearchCommand(),
            new GetCommand(),
            new RemoveCommand(),
            new StatsCommand(),
            new SnapshotCommand(),
            new BackupCommand(),
            new RestoreCommand(),
            new FsckCommand(),
            new DumpCommand(),
            new SalvageCommand(),
            new CompactCommand(),
            new EvaluateCommand(),
            new TrainCommand(),
            new CalibrateCommand(),
            new ReproduceCommand(),
            new ReproduceCellCommand(),
            new HeatMapCommand(),
            new ImportWeightsCommand(),
            new ExportWeightsCommand(),
            new Command("bench", "Measure parts of the service on this machine.") { new BenchEncoderCommand(), new BenchFsyncCommand(), new BenchStoreCommand(), new BenchDuplicatesCommand(), new BenchBackupCommand() },
            new Command("index", "Work with raw code files, without a server.") { new IndexBuildCommand(), new IndexSearchCommand(), new IndexExplainCommand(), new IndexBenchCommand() },
        };
        Help.InstallIn(root);
        return root;
    }

    /// <summary>The parser's words, a line for each thing that is wrong.</summary>
    private static IEnumerable<string> Describe(ParseResult parsed)
    {
        string? unknown = null;
        foreach (Token token in parsed.Tokens)
        {
            // What follows an unknown option was meant as its value.
            bool isValue = unknown?.StartsWith('-') == true && !token.Value.StartsWith('-');
            unknown = parsed.UnmatchedTokens.Contains(token.Value) ? token.Value : null;
            if (unknown is not null && !isValue)
                yield return $"'{unknown}' is neither a command nor an option here";
        }
        foreach (string message in parsed.Errors.Select(error => error.Message).Distinct())
        {
            // What it did not know tells more than what it missed for that reason.
            if (parsed.UnmatchedTokens.Count > 0 && (message.StartsWith("Required", StringComparison.Ordinal) || parsed.UnmatchedTokens.Any(token => message.Contains($"'{token}'", StringComparison.Ordinal))))
                continue;
            string[] words = message.Replace("System.Int32", "a whole number", StringComparison.Ordinal)
                .Replace(typeof(DuplicateMode).FullName!, "store, link or refuse", StringComparison.Ordinal)
                .Split((char[])['\n', '\r', '\t', ' '], StringSplitOptions.RemoveEmptyEntries);
            yield return string.Join(' ', words).TrimEnd('.');
        }
    }

    private static string PathOf(CommandResult command)
    {
        string own = command.Command is RootCommand ? "hashgrid" : command.Command.Name;
        return command.Parent is CommandResult parent ? $"{PathOf(parent)} {own}" : own;
    }

    private static string FirstLine(Exception failure) => failure.Message.Split('\n', 2)[0].TrimEnd('\r', '.');

    private static int Complain(int code, params IEnumerable<string> lines)
    {
        foreach (string line in lines)
            Console.Error.WriteLine("hashgrid: " + line);
        return code;
    }
}
