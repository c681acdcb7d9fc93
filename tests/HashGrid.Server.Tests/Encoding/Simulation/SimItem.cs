using HashGrid.Server.Encoding;

namespace HashGrid.Server.Tests.Encoding.Simulation;

/// <summary>An image of the simulation, with the stage that the simulation itself has brought it to.</summary>
internal sealed class SimItem(SimStream stream, EncodeItem item, EncodeLoad load, CancellationTokenSource? cancel)
{
    public SimStream Stream => stream;

    public EncodeItem Item => item;

    public EncodeLoad Load => load;

    public CancellationTokenSource? Cancel => cancel;

    public CancellationToken Token { get; } = cancel?.Token ?? default;

    public EncodeStage Stage { get; set; } = EncodeStage.Waiting;

    /// <summary>For a search that found no other waiting: decodes that others had started when it came.</summary>
    public long? OthersBefore { get; set; }

    /// <summary>What it must hold now: an answered image nothing, unless a thread still works on it.</summary>
    public EncodeLoad Due => Stage switch
    {
        EncodeStage.Finished => default,
        EncodeStage.Decoding => load,
        EncodeStage.Running => new EncodeLoad(1, 0, 0),
        _ when item.Code.IsCompleted => default,
        EncodeStage.Waiting => load,
        _ => new EncodeLoad(1, 0, 0),
    };
}
