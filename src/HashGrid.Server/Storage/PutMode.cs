namespace HashGrid.Server.Storage;

/// <summary>What <see cref="CodeStore.Put"/> does when the id is already stored.</summary>
public enum PutMode
{
    /// <summary>The same code, or the same image, is accepted and changes nothing; another code is a <see cref="PutOutcome.Conflict"/>.</summary>
    Add,

    /// <summary>Code, labels and name are replaced.</summary>
    Upsert,
}
