using HashGrid.Model;
using HashGrid.Server.Encoding;

namespace HashGrid.Server.Hosting;

/// <summary>Finds and loads the weights that the options name.</summary>
internal static class EncoderLoader
{
    /// <exception cref="FileNotFoundException">No weights are named, and none lie beside the program.</exception>
    public static IImageEncoder Load(ServerOptions options)
    {
        string path = options.ModelPath ?? ModelFiles.FindDefault()
            ?? throw new FileNotFoundException("no model was named and none lies beside the program; name a weights file with --model FILE or HASHGRID_MODEL");
        return new HashImageEncoder(HashEncoder.Load(path, options.EncoderOptions));
    }
}
