using System.Runtime.CompilerServices;
using HashGrid.Model.Attention;
using HashGrid.Server.Errors;
using HashGrid.Server.Searching;

namespace HashGrid.Server.Encoding;

/// <summary>
/// Attention maps of query images, one at a time, on the caller's thread beside the encoder's own. Made of the picture that the encoder had decoded under its
/// budgets, so that who waits holds that (0.2 MB) and no file. Few may be in flight, fewer of one caller, and callers take turns.
/// </summary>
/// <param name="read">Makes one map; never called twice at once.</param>
/// <remarks>Thread-safe. A cancelled map leaves at once.</remarks>
public sealed class AttentionMaps(Func<float[], AttentionMap> read)
{
    /// <summary>Maps in flight, of all callers.</summary>
    public const int Limit = 64;

    /// <summary>Maps in flight of one caller.</summary>
    public const int LimitPerCaller = 16;

    private static readonly EncodeLoad One = new(1, 0, 0);

    private readonly AdmissionBudget _places = new(EncodeLoad.Unbounded with { Items = Limit });
    private readonly AdmissionBudget _turn = new(EncodeLoad.Unbounded with { Items = 1 });
    private readonly ConditionalWeakTable<SearchCaller, Shares> _shares = new();   // a caller's go with it

    /// <summary>Maps in flight.</summary>
    public int InFlight => _places.Items;

    /// <summary>Takes a place, before any work is done for the query; <see cref="ReturnPlace"/> gives it back.</summary>
    /// <exception cref="ServiceException">The caller, or all together, have too many in flight.</exception>
    public void TakePlace(SearchCaller caller)
    {
        AdmissionShare share = Of(caller).Places;
        if (_places.TryTake(share, One)) return;
        throw new ServiceException(ErrorReason.SearchQueueFull, share.Held.Items >= LimitPerCaller
            ? $"this caller has {LimitPerCaller} attention maps in flight, and no more are allowed; try again after the hint, or search without include_attention"
            : $"{Limit} attention maps are in flight, and no more are allowed; try again after the hint, or search without include_attention");
    }

    public void ReturnPlace(SearchCaller caller) => _places.Release(Of(caller).Places, One);

    /// <summary>M of a picture, when it is the caller's turn.</summary>
    /// <param name="caller">Has taken a place.</param>
    /// <param name="picture">Side × side grey values, 0 to 1, as the encoder saw them.</param>
    /// <param name="ct">Gives up waiting.</param>
    public async Task<AttentionMap> ReadAsync(SearchCaller caller, float[] picture, CancellationToken ct)
    {
        AdmissionShare turn = Of(caller).Turn;
        await _turn.TakeAsync(turn, One, ct);
        try
        {
            return await Task.Run(() => read(picture), ct);
        }
        finally
        {
            _turn.Release(turn, One);
        }
    }

    private Shares Of(SearchCaller caller) => _shares.GetValue(caller, _ => new Shares(
        _places.OpenShare(EncodeLoad.Unbounded with { Items = LimitPerCaller }, weight: 1), _turn.OpenShare(_turn.Limit, weight: 1)));

    private sealed record Shares(AdmissionShare Places, AdmissionShare Turn);
}
