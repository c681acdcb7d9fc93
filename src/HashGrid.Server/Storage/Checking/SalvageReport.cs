namespace HashGrid.Server.Storage.Checking;

/// <summary>What <see cref="StoreSalvage"/> copied, and what it could not.</summary>
/// <param name="Folder">The new store.</param>
/// <param name="StoreId">Its id.</param>
/// <param name="Puts">Put records that were replayed.</param>
/// <param name="Removes">Remove records that were replayed.</param>
/// <param name="WithoutStream">Records whose stream's name is lost; the code is kept, the position is not.</param>
/// <param name="Ids">Ids in the new store.</param>
/// <param name="Findings">The damage of the old store.</param>
public sealed record SalvageReport(
    string Folder, Guid StoreId, long Puts, long Removes, long WithoutStream, long Ids, IReadOnlyList<StoreFinding> Findings)
{
    /// <summary>Journal sequences of the old store that could not be read.</summary>
    public long Lost => Findings.Sum(finding => finding.Lost);

    /// <summary>Whether every record of the old store was copied.</summary>
    public bool Complete => Findings.All(finding => finding.Severity != FindingSeverity.Damage);
}
