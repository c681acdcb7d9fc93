namespace HashGrid.Server;

/// <summary>How a line of the log looks.</summary>
public enum LogFormat
{
    /// <summary>For people: level, category, number of the event, words.</summary>
    Text,

    /// <summary>For collectors: one JSON object a line, with the same numbers and each value of the event under its name.</summary>
    Json,
}
