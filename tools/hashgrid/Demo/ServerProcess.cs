using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace HashGrid.CommandLine.Demo;

/// <summary>The real server as a child process on a free port of this machine, stopped by SIGTERM as an operator would.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private const string Announcement = "HashGrid listening on ";
    private const int SigTerm = 15;

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly TaskCompletionSource<string> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServerProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data?.StartsWith(Announcement, StringComparison.Ordinal) == true)
                _address.TrySetResult(line.Data[Announcement.Length..]);
        };
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is { Length: > 0 } text)
                _errors.Enqueue(text);
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string Address => _address.Task.Result;

    /// <summary>What it has used of all cores so far.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Starts the server and waits until it is ready.</summary>
    /// <param name="dataFolder">Folder of the store.</param>
    /// <param name="limit">How long the start may take.</param>
    /// <param name="ct">Stops waiting, and the server.</param>
    /// <param name="options">Further options of <c>serve</c>, with an address to listen on; none: a free port.</param>
    /// <exception cref="CommandException">It ended, or was not ready in time; the message holds its own words.</exception>
    public static async Task<ServerProcess> StartAsync(string dataFolder, TimeSpan limit, CancellationToken ct, params string[] options)
    {
        ProcessStartInfo start = OwnProgram.Start(["serve", "--data", dataFolder, .. options.Length > 0 ? options : ["--listen", "127.0.0.1:0"]]);
        start.RedirectStandardOutput = start.RedirectStandardError = start.RedirectStandardInput = true;
        var server = new ServerProcess(Process.Start(start)!);
        try
        {
            Task ended = server._process.WaitForExitAsync(ct);
            Task first = await Task.WhenAny(server._address.Task, ended, Task.Delay(limit, ct));
            ct.ThrowIfCancellationRequested();
            if (first == server._address.Task)
                return server;
            string words = server._errors.LastOrDefault(line => line.StartsWith("hashgrid:", StringComparison.Ordinal))
                ?? server._errors.LastOrDefault() ?? "it said nothing";
            throw new CommandException(first == ended
                ? $"the server ended with exit code {server._process.ExitCode} before it was ready: {words}"
                : $"the server was not ready after {limit.TotalSeconds:F0} s; its last words: {words}");
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Asks it to stop, and waits: it drains and closes its store.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> StopAsync(TimeSpan limit, CancellationToken ct)
    {
        if (!_process.HasExited)
            _ = Kill(_process.Id, SigTerm);
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(limit);
        await _process.WaitForExitAsync(patience.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }
        _process.Dispose();
    }

    // Process.Kill is SIGKILL, and the framework offers no gentler way.
    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int processId, int signal);
}
