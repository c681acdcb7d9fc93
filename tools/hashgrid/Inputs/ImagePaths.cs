namespace HashGrid.CommandLine.Inputs;

/// <summary>The image files behind PATHS…: files as they are, folders with every PNG and JPEG below them, sorted.</summary>
internal static class ImagePaths
{
    private static string[] Extensions => [".png", ".jpg", ".jpeg"];

    /// <exception cref="CommandException">A path does not exist, or no image was found.</exception>
    public static List<string> Expand(IReadOnlyList<string> paths)
    {
        List<string> files = [];
        foreach (string path in paths)
        {
            if (File.Exists(path))
                files.Add(path);
            else if (Directory.Exists(path))
                files.AddRange(Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)
                    .Where(file => Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase))
                    .Order(StringComparer.Ordinal));
            else
                throw new CommandException($"{path} is neither a file nor a folder");
        }
        if (files.Count == 0)
            throw new CommandException($"no {string.Join(", ", Extensions)} file was found in {string.Join(", ", paths)}");
        return files;
    }
}
