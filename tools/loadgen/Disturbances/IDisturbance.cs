namespace HashGrid.LoadGen.Disturbances;

/// <summary>What goes on beside the searches that are measured, on the same connection.</summary>
internal interface IDisturbance : IAsyncDisposable
{
    /// <summary>What it measures of itself; null: nothing.</summary>
    Measurement? Measurement { get; }

    /// <summary>Begins; returns when it disturbs.</summary>
    Task StartAsync();

    /// <summary>Ends; returns when nothing of it is left.</summary>
    Task StopAsync();

    /// <summary>What it did, for the report: names with underscores.</summary>
    IReadOnlyDictionary<string, double> Facts();
}
