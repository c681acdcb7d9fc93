using System.Runtime.ExceptionServices;
using Grpc.Core;
using HashGrid.Server.Errors;

namespace HashGrid.Server.Services;

/// <summary>Runs the loops of one stream: the first failure ends the others, and is the one that is told.</summary>
internal static class StreamLoops
{
    /// <summary>Reads and answers. A client's mistake ends reading only: what came before it is answered, then the mistake is told.</summary>
    /// <param name="read">Lets requests into the window.</param>
    /// <param name="window">Writes their replies.</param>
    /// <param name="end">Cancelled when the stream is over.</param>
    public static async Task RunAsync<T>(Func<Task> read, ReplyWindow<T> window, CancellationTokenSource end)
    {
        ExceptionDispatchInfo? mistake = null;
        await RunAsync(end, ReadAsync(), window.WriteAsync(end.Token));
        mistake?.Throw();

        async Task ReadAsync()
        {
            try
            {
                await read();
            }
            catch (Exception failure) when (IsMistake(failure))
            {
                mistake = ExceptionDispatchInfo.Capture(failure);
            }
            window.Complete();
        }
    }

    /// <summary>Whether a failure of reading is the client's own, RpcException being a message that is too large or unreadable.</summary>
    public static bool IsMistake(Exception failure) => failure is ServiceException or RpcException;

    /// <param name="end">Cancelled by the first failure; every loop listens to it.</param>
    /// <param name="loops">Started already.</param>
    public static async Task RunAsync(CancellationTokenSource end, params Task[] loops)
    {
        ExceptionDispatchInfo? first = null;
        await Task.WhenAll(loops.Select(Watch));
        first?.Throw();

        async Task Watch(Task loop)
        {
            try
            {
                await loop;
            }
            catch (Exception failure)
            {
                Interlocked.CompareExchange(ref first, ExceptionDispatchInfo.Capture(failure), null);
                await end.CancelAsync();
            }
        }
    }
}
