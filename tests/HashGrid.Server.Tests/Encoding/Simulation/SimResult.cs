using HashGrid.Server.Encoding;

namespace HashGrid.Server.Tests.Encoding.Simulation;

/// <summary>What a simulation saw.</summary>
internal sealed class SimResult
{
    public int Sent { get; set; }

    public long Executed { get; set; }

    public long ExecutedAfterDeadline { get; set; }

    public long ExecutedAfterCancel { get; set; }

    public long Expired { get; set; }

    public long Failed { get; set; }

    /// <summary>Cancels of images that were held.</summary>
    public long Cancelled { get; set; }

    /// <summary>Cancels of images that still waited for room.</summary>
    public long CancelledOutside { get; set; }

    public long SearchesRefused { get; set; }

    /// <summary>The most decodes that went before a search which found no other search waiting.</summary>
    public long SearchOvertaken { get; set; }

    public EncodeLoad Peak { get; set; }

    public long PeakDecodingPixels { get; set; }

    /// <summary>What is held after the last image.</summary>
    public EncodeLoad Left { get; set; }

    /// <summary>Broken promises, the first ones in words.</summary>
    public List<string> Violations { get; } = [];

    public void Broken(string what)
    {
        if (Violations.Count < 20) Violations.Add(what);
    }
}
