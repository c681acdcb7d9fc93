namespace HashGrid.Server.Storage.Checking;

/// <summary>How bad a <see cref="StoreFinding"/> is.</summary>
public enum FindingSeverity
{
    /// <summary>Normal after a crash, or worth knowing; nothing that was acknowledged is touched.</summary>
    Note,

    /// <summary>Bytes that were durable are not what was written.</summary>
    Damage,
}
