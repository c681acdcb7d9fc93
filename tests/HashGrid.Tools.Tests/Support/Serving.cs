using System.Diagnostics;
using System.Runtime.InteropServices;

namespace HashGrid.Tools.Tests.Support;

/// <summary><c>hashgrid serve</c> on a free port, with a folder of its own.</summary>
internal sealed class Serving : IAsyncDisposable
{
    private readonly Process _process;
    private readonly TempFolder _folder;

    private Serving(Process process, TempFolder folder, string address) => (_process, _folder, Address) = (process, folder, address);

    public string Address { get; }

    public static async Task<Serving> StartAsync()
    {
        var folder = new TempFolder();
        Process process = Tool.Start("hashgrid", "serve", "--data", folder.File("data"), "--listen", "127.0.0.1:0");
        // Read to the end in the background: a full pipe would stop the server.
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        const string Prefix = "HashGrid listening on ";
        string? line = await process.StandardOutput.ReadLineAsync().WaitAsync(Tool.Limit);
        Assert.That(line, Does.StartWith(Prefix));
        return new Serving(process, folder, line![Prefix.Length..]);
    }

    /// <summary>Sends a signal and waits for the end.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> StopAsync(PosixSignal signal)
    {
        Tool.Signal(_process, signal);
        await _process.WaitForExitAsync().WaitAsync(Tool.Limit);
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
        _folder.Dispose();
    }
}
