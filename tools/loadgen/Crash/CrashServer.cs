using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace HashGrid.LoadGen.Crash;

/// <summary>A server process of its own, made to be killed.</summary>
internal sealed class CrashServer : IDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(10);

    private readonly Process _process;
    private volatile string _lastWords = "";

    private CrashServer(Process process) => _process = process;

    /// <summary>Starts it without waiting for anything.</summary>
    public static CrashServer Launch(string program, string data, string address)
    {
        Process process = Run(program, "serve", "--data", data, "--listen", address);
        // Read to the end in the background: a full pipe would stop the server.
        var server = new CrashServer(process);
        process.ErrorDataReceived += (_, line) => server._lastWords = line.Data ?? server._lastWords;
        process.BeginErrorReadLine();
        return server;
    }

    /// <summary>Waits until it says that it listens.</summary>
    /// <exception cref="InvalidOperationException">It ended instead: the store did not open.</exception>
    public async Task ListeningAsync(CancellationToken ct)
    {
        string? line = await _process.StandardOutput.ReadLineAsync(ct).AsTask().WaitAsync(StartLimit, ct);
        if (line is null)
        {
            // Returns when both outputs are read to their ends.
            await _process.WaitForExitAsync(ct);
            throw new InvalidOperationException($"the server ended with {_process.ExitCode} while it started; its last words were '{_lastWords}'");
        }
    }

    /// <summary>SIGKILL: no handler runs, nothing is flushed.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM: the orderly stop.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> TerminateAsync(CancellationToken ct)
    {
        const int Terminate = 15;
        if (Kill(_process.Id, Terminate) != 0)
            throw new InvalidOperationException("the server could not be sent SIGTERM");
        await _process.WaitForExitAsync(ct);
        return _process.ExitCode;
    }

    /// <summary>Runs <c>hashgrid fsck</c>; returns its words when it finds damage.</summary>
    public static async Task<string?> FsckAsync(string program, string data)
    {
        using Process fsck = Run(program, "fsck", data);
        Task<string> output = fsck.StandardOutput.ReadToEndAsync(), error = fsck.StandardError.ReadToEndAsync();
        await fsck.WaitForExitAsync();
        string words = (await output + await error).Trim();
        return fsck.ExitCode == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"fsck ended with {fsck.ExitCode}: {words}");
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int processId, int signal);

    private static Process Run(string program, params string[] arguments)
    {
        bool assembly = program.EndsWith(".dll", StringComparison.Ordinal);
        var start = new ProcessStartInfo(assembly ? "dotnet" : program) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (assembly)
            start.ArgumentList.Add(program);
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        return Process.Start(start) ?? throw new InvalidOperationException($"{program} could not be started");
    }
}
