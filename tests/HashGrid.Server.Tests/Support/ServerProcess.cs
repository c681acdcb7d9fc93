using System.Diagnostics;
using Grpc.Net.Client;

namespace HashGrid.Server.Tests.Support;

/// <summary>The real server in a process of its own, with the model that ships.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly Process _process;

    private ServerProcess(Process process, string url) => (_process, Url, Channel) = (process, url, GrpcChannel.ForAddress(url));

    public string Url { get; }

    public GrpcChannel Channel { get; }

    /// <summary>Starts it and waits until it says that it listens.</summary>
    public static async Task<ServerProcess> StartAsync(string folder, params string[] more)
    {
        Process process = Launch(["--data", folder, "--listen", "127.0.0.1:0", "--log-level", "Error", .. more]);
        string? line = await process.StandardOutput.ReadLineAsync().Soon();
        const string Prefix = "HashGrid listening on ";
        if (line?.StartsWith(Prefix, StringComparison.Ordinal) != true)
            throw new InvalidOperationException($"the server said '{line}' and on stderr: {await process.StandardError.ReadToEndAsync().Soon()}");
        return new ServerProcess(process, line[Prefix.Length..]);
    }

    /// <summary>Runs a server that cannot start, to its end.</summary>
    public static async Task<(int ExitCode, string Out, string Error)> FailAsync(params string[] arguments)
    {
        using Process process = Launch(arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync().Soon();
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
        return (process.ExitCode, await output, await error);
    }

    /// <summary>SIGKILL: no handler runs, nothing is flushed.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync().Soon();
    }

    /// <summary>What it has logged; after its end.</summary>
    public Task<string> ReadLogAsync() => _process.StandardError.ReadToEndAsync().Soon();

    /// <summary>SIGTERM; returns the exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        using Process kill = Process.Start("kill", ["-TERM", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync().Soon();
        await _process.WaitForExitAsync().Soon();
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        if (!_process.HasExited) await KillAsync();
        _process.Dispose();
    }

    private static Process Launch(IEnumerable<string> arguments)
    {
        ProcessStartInfo start = new("dotnet", [Path.Combine(AppContext.BaseDirectory, "HashGrid.Server.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Settings of whoever runs the tests are not the test's.
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("HASHGRID_SERVER_", StringComparison.Ordinal)).ToList()) start.Environment.Remove(name);
        return Process.Start(start) ?? throw new InvalidOperationException("dotnet could not be started");
    }
}
