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

    /// <summary>Searches and empty calls in turns, one at a time: what a search costs beyond the call itself.</summary>
    EmptyCall,

    /// <summary>Ingest as fast as the server takes it, and then a fifth more than that on schedule, in turns.</summary>
    Overload,

    /// <summary>Ingest of codes and images under ids that are used again and again, and searches, for as long as it takes to see memory grow.</summary>
    Soak,

    /// <summary>Ingest into a server of its own, which gets SIGTERM in the middle of it.</summary>
    Drain,
}
