namespace HashGrid.Server.Encoding;

/// <summary>One image that waits for room. The budget's lock guards it.</summary>
internal sealed class AdmissionWaiter
{
    public AdmissionWaiter(AdmissionShare share, EncodeLoad load)
    {
        (Share, Load) = (share, load);
        (InShare, InBudget) = (new LinkedListNode<AdmissionWaiter>(this), new LinkedListNode<AdmissionWaiter>(this));
    }

    public AdmissionShare Share { get; }

    public EncodeLoad Load { get; }

    public LinkedListNode<AdmissionWaiter> InShare { get; }

    public LinkedListNode<AdmissionWaiter> InBudget { get; }

    public TaskCompletionSource Admitted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public CancellationTokenRegistration Cancellation { get; set; }
}
