using System.Runtime.CompilerServices;
using Grpc.Core;
using Proto = HashGrid.Protos.V1;

namespace HashGrid.Client;

/// <summary>A copy of a store on its way: the journal's bytes in order. Made by <see cref="HashGridClient.BackupAsync"/>; for one reader.</summary>
public sealed class BackupDownload : IDisposable
{
    private readonly AsyncServerStreamingCall<Proto.BackupReply> _call;
    private readonly string _address;

    internal BackupDownload(AsyncServerStreamingCall<Proto.BackupReply> call, Proto.BackupOffer offer, string address)
    {
        (_call, _address) = (call, address);
        Superblock = offer.Superblock.Memory;
        Continues = offer.Continues;
        FromAddress = offer.FromAddress;
    }

    /// <summary>Payload of the superblock for the finished copy, as in docs/format.md.</summary>
    public ReadOnlyMemory<byte> Superblock { get; }

    /// <summary>True: the bytes follow the copy. False: a whole journal, which replaces it.</summary>
    public bool Continues { get; }

    /// <summary>Journal address of the first byte.</summary>
    public ulong FromAddress { get; }

    /// <summary>The bytes, in pieces of at most 64 KiB. The server sends as fast as they are taken.</summary>
    /// <exception cref="HashGridException">The connection was lost, the server stops or found damage, or a piece is missing. What came before is good.</exception>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ulong expected = FromAddress;
        while (await NextAsync(cancellationToken).ConfigureAwait(false) is { } piece)
        {
            if (piece.Address != expected)
                throw new HashGridException(StatusCode.DataLoss, "BACKUP_GAP", $"a piece has address {piece.Address}, expected {expected}; run the backup again");
            expected += (ulong)piece.Data.Length;
            yield return piece.Data.Memory;
        }
    }

    /// <summary>Ends the call.</summary>
    public void Dispose() => _call.Dispose();

    private async Task<Proto.BackupPiece?> NextAsync(CancellationToken ct)
    {
        try
        {
            return await _call.ResponseStream.MoveNext(ct).ConfigureAwait(false) ? _call.ResponseStream.Current.Piece : null;
        }
        catch (RpcException exception)
        {
            ct.ThrowIfCancellationRequested();
            throw HashGridException.From(exception, _address);
        }
    }
}
