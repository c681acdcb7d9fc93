using System.Text;
using Google.Rpc;
using Grpc.Core;
using HashGrid.Model.Imaging;
using HashGrid.Server.Errors;
using HashGrid.Server.Storage;
using HashGrid.Server.Tests.Support;

namespace HashGrid.Server.Tests.Errors;

public sealed class ErrorTableTests
{
    [Test]
    public void Entries_EveryReason_IsThereOnceInOrder() =>
        Assert.That(ErrorTable.Entries.Select(entry => entry.Reason), Is.EqualTo(Enum.GetValues<ErrorReason>()));

    [Test]
    public void Entries_RetryHints_OnlyWhereALaterTryCanSucceed() =>
        Assert.That(ErrorTable.Entries.Where(entry => entry.RetryAfter is not null).Select(entry => entry.Status).Distinct(), Is.SubsetOf(new[] { StatusCode.Unavailable, StatusCode.ResourceExhausted }));

    [Test]
    public void Page_DocsErrors_EqualsTheTable()
    {
        string page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "errors.md"));
        StringBuilder table = new("| Reason | Status | What happened | What to do | Retry after |\n|---|---|---|---|---|\n");
        foreach (ErrorEntry entry in ErrorTable.Entries)
            table.Append($"| `{entry.Name}` | {UpperSnake(entry.Status.ToString())} | {entry.Meaning} | {entry.Remedy} | {(entry.RetryAfter is { } after ? $"{after.TotalMilliseconds} ms" : "")} |\n");
        Assert.That(page, Does.Contain(table.ToString()), "docs/errors.md must hold this table:\n" + table);
    }

    [TestCaseSource(nameof(Exceptions))]
    public void Translate_Exception_FindsItsReason(Exception exception, ErrorReason expected) =>
        Assert.That(ErrorTranslator.Translate(exception).Entry.Reason, Is.EqualTo(expected));

    private static IEnumerable<object[]> Exceptions() =>
    [
        [new ServiceException(ErrorReason.KOutOfRange, "k"), ErrorReason.KOutOfRange],
        [new ImageFormatException(ImageProblem.Truncated, "cut"), ErrorReason.ImageTruncated],
        [new CodeStoreException(CodeStoreProblem.DiskFull, "full"), ErrorReason.StoreDiskFull],
        [new OperationCanceledException(), ErrorReason.Cancelled],
        [new InvalidOperationException("bug"), ErrorReason.Internal],
        [new IOException("bug"), ErrorReason.Internal],
        [new ArgumentException("bug"), ErrorReason.Internal],
    ];

    [Test]
    public void Translate_EveryImageProblem_HasAReasonOfItsOwn() =>
        Assert.That(Enum.GetValues<ImageProblem>().Select(ErrorTranslator.Of).Distinct().Count(), Is.EqualTo(Enum.GetValues<ImageProblem>().Length));

    [Test]
    public void Translate_CallThatHasEnded_BlamesNobody()
    {
        Assert.That(ErrorTranslator.Translate(new IOException("reset"), callEnded: true).Entry.Reason, Is.EqualTo(ErrorReason.Cancelled));
        Assert.That(ErrorTranslator.Translate(new OperationCanceledException(), callEnded: true, deadlinePassed: true).Entry.Reason, Is.EqualTo(ErrorReason.DeadlineExceeded));
    }

    [Test]
    public void ToRpcException_WithHint_CarriesReasonAndRetryInfo()
    {
        Google.Rpc.Status status = new Failure(ErrorReason.SearchQueueFull, "busy").ToRpcException().GetRpcStatus()!;
        Assert.That((status.Code, status.Message, status.GetDetail<ErrorInfo>()!.Reason, status.GetDetail<ErrorInfo>()!.Domain), Is.EqualTo(((int)StatusCode.ResourceExhausted, "busy", "SEARCH_QUEUE_FULL", "hashgrid.v1")));
        Assert.That(status.GetDetail<RetryInfo>()!.RetryDelay.ToTimeSpan(), Is.EqualTo(TimeSpan.FromMilliseconds(100)));
    }

    private static string UpperSnake(string pascal) => string.Concat(pascal.Select((c, i) => i > 0 && char.IsUpper(c) ? "_" + c : char.ToUpperInvariant(c).ToString()));
}
