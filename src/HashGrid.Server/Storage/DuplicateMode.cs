namespace HashGrid.Server.Storage;

/// <summary>What <see cref="CodeStore.Put"/> does with an image whose content another id holds.</summary>
public enum DuplicateMode
{
    /// <summary>Stores it as any other. Digests are kept with the records, but nobody looks for duplicates, and that costs no memory.</summary>
    Store,

    /// <summary>Stores it with the code of the id that holds the content, and says which id that is.</summary>
    Link,

    /// <summary>Refuses it, and says which id holds the content.</summary>
    Refuse,
}
