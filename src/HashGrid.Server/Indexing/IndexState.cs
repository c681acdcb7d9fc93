namespace HashGrid.Server.Indexing;

/// <summary>Whether the index answers.</summary>
public enum IndexState
{
    /// <summary>Still behind what the store held when it was opened.</summary>
    CatchingUp,

    /// <summary>Answers, and follows the store.</summary>
    Ready,

    /// <summary>The journal could not be read any further.</summary>
    Failed,
}
