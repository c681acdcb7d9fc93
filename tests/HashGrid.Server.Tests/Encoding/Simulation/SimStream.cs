using HashGrid.Server.Encoding;

namespace HashGrid.Server.Tests.Encoding.Simulation;

/// <summary>One caller of the simulation: a stream that always has a next image, or the searches, which come at their own times.</summary>
internal sealed class SimStream(string name, double weight, EncodeFlow flow)
{
    public string Name => name;

    public double Weight => weight;

    public EncodeFlow Flow => flow;

    /// <summary>The image that waits for room, if one does.</summary>
    public (Task Admitted, SimItem Item)? Pending { get; set; }

    /// <summary>Its images whose decoding began.</summary>
    public long Started { get; set; }

    /// <summary>Its images that got a code.</summary>
    public long Executed { get; set; }
}
