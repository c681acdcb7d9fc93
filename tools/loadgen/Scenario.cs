namespace HashGrid.LoadGen;

/// <summary>What a run sends and measures.</summary>
internal enum Scenario
{
    /// <summary>Searches at a steady rate.</summary>
    Search,

    /// <summary>Ingest at a steady rate.</summary>
    Ingest,

    /// <summary>Both at a steady rate.</summary>
    Mixed,

    /// <summary>Both, half of them in bursts of five times the rate.</summary>
    Burst,

    /// <summary>Searches, alternately alone and beside search streams whose answers nobody reads.</summary>
    SlowReader,

    /// <summary>Searches, alternately alone and beside uploads on the same connection that stop half-way.</summary>
    StalledUploads,

    /// <summary>Searches, alternately alone and beside images that are cancelled a moment after they were sent.</summary>
    CancelStorm,

    /// <summary>Searches, alternately alone and beside searches by image whose deadlines reach from hopeless to generous.</summary>
    DeadlineMix,

    /// <summary>Ingest into a server of its own, which gets SIGTERM in the middle of it.</summary>
    Drain,
}
