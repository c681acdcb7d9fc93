using static TorchSharp.torch;

namespace HashGrid.Model.Training;

/// <summary>Small rotations, changes of scale and shifts, as positioning a patient gives them; the border is black.</summary>
internal static class Augmentation
{
    /// <summary>[n, S, S] → [n, S, S].</summary>
    public static Tensor Apply(Tensor pixels, Random random, double rotation, double zoom)
    {
        long n = pixels.shape[0];
        float[,,] maps = new float[n, 2, 3];
        for (int i = 0; i < n; i++)
        {
            double angle = Uniform(random, rotation) * Math.PI / 180, scale = 1 + Uniform(random, zoom);
            (maps[i, 0, 0], maps[i, 0, 1], maps[i, 0, 2]) = ((float)(Math.Cos(angle) * scale), (float)(-Math.Sin(angle) * scale), (float)Uniform(random, zoom));
            (maps[i, 1, 0], maps[i, 1, 1], maps[i, 1, 2]) = ((float)(Math.Sin(angle) * scale), (float)(Math.Cos(angle) * scale), (float)Uniform(random, zoom));
        }
        Tensor grid = nn.functional.affine_grid(tensor(maps, device: pixels.device), [n, 1, pixels.shape[1], pixels.shape[2]], align_corners: false);
        return nn.functional.grid_sample(pixels.unsqueeze(1), grid, align_corners: false).squeeze(1);
    }

    private static double Uniform(Random random, double largest) => (2 * random.NextDouble() - 1) * largest;
}
