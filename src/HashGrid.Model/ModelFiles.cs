namespace HashGrid.Model;

/// <summary>Where weights are.</summary>
public static class ModelFiles
{
    /// <summary>Name of the weights that are used unless told otherwise.</summary>
    public const string DefaultName = "chest-mobilenet-64.safetensors";

    /// <summary>Path of the default weights: the variable HASHGRID_MODEL if set (whether or not the file exists), else the shipped file beside the program, else null.</summary>
    public static string? FindDefault()
    {
        if (Environment.GetEnvironmentVariable("HASHGRID_MODEL") is { Length: > 0 } chosen)
            return chosen;
        string shipped = Path.Combine(AppContext.BaseDirectory, "models", DefaultName);
        return File.Exists(shipped) ? shipped : null;
    }
}
