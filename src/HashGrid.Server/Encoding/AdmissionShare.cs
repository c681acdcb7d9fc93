namespace HashGrid.Server.Encoding;

/// <summary>One stream's part of an <see cref="AdmissionBudget"/>: its own bound, and its own waiters. The budget's lock guards it.</summary>
public sealed class AdmissionShare
{
    internal AdmissionShare(EncodeLoad limit, FairQueue<AdmissionWaiter>.Lane lane) => (Limit, Lane) = (limit, lane);

    /// <summary>The most that the stream may hold.</summary>
    public EncodeLoad Limit { get; }

    /// <summary>What the stream holds; exact only while nobody takes or releases.</summary>
    public EncodeLoad Held { get; internal set; }

    internal FairQueue<AdmissionWaiter>.Lane Lane { get; }

    /// <summary>In the order of their coming. Only the first one competes with other streams, and only when it fits the stream's bound.</summary>
    internal LinkedList<AdmissionWaiter> Waiters { get; } = new();

    internal AdmissionWaiter? Competing { get; set; }
}
