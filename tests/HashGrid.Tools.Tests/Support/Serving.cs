using System.Diagnostics;
using System.Runtime.InteropServices;

namespace HashGrid.Tools.Tests.Support;

/// <summary><c>hashgrid serve</c> on a free port, with a folder of its own.</summary>
internal sealed class Serving : IAsyncDisposable
{
    private readonly Process _process;
    private readonly TempFolder _folder;

    private Serving(Process process, TempFolder folder, string address, string metrics) => (_process, _folder, Address, Metrics) = (process, folder, address, metrics);

    public string Address { get; }

    /// <summary>Its metrics page.</summary>
    public string Metrics { get; }

    /// <param name="options">Further options of <c>serve</c>.</param>
    public static async Task<Serving> StartAsync(params string[] options)
    {
        var folder = new TempFolder();
        string metrics = $"127.0.0.1:{FreePort()}";
        Process process = Tool.Start("hashgrid", ["serve", "--data", folder.File("data"), "--listen", "127.0.0.1:0", "--metrics", metrics, .. options]);
        // Read to the end in the background: a full pipe would stop the server.
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        const string Prefix = "HashGrid listening on ";
        string? line = await process.StandardOutput.ReadLineAsync().WaitAsync(Tool.Limit);
        Assert.That(line, Does.StartWith(Prefix));
        return new Serving(process, folder, line![Prefix.Length..], $"http://{metrics}/metrics");
    }

    private static int FreePort()
    {
        using var probe = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        probe.Start();
        return ((System.Net.IPEndPoint)probe.LocalEndpoint).Port;
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
