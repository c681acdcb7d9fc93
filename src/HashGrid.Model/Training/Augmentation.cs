using static TorchSharp.torch;

namespace HashGrid.Model.Training;

/// <summary>Small rotations, changes of scale and shifts, as positioning a patient gives them, the border black; mirrored and cropped if the recipe says so.</summary>
internal static class Augmentation
{
    /// <summary>[n, S', S'] → [n, S, S].</summary>
    /// <param name="pixels">Pictures of S' ≥ S pixels a side.</param>
    /// <param name="random">Decides everything, picture by picture.</param>
    /// <param name="options">How far.</param>
    /// <param name="side">S; a random square of a larger picture is taken.</param>
    public static Tensor Apply(Tensor pixels, Random random, TrainerOptions options, int side)
    {
        long n = pixels.shape[0];
        int spare = (int)pixels.shape[1] - side;
        float[,,] maps = new float[n, 2, 3];
        (int Top, int Left)[] corners = new (int, int)[n];
        for (int i = 0; i < n; i++)
        {
            double angle = Uniform(random, options.Rotation) * Math.PI / 180, scale = 1 + Uniform(random, options.Zoom);
            (maps[i, 0, 0], maps[i, 0, 1], maps[i, 0, 2]) = ((float)(Math.Cos(angle) * scale), (float)(-Math.Sin(angle) * scale), (float)Uniform(random, options.Zoom));
            (maps[i, 1, 0], maps[i, 1, 1], maps[i, 1, 2]) = ((float)(Math.Sin(angle) * scale), (float)(Math.Cos(angle) * scale), (float)Uniform(random, options.Zoom));
            if (options.Flip > 0 && random.NextDouble() < options.Flip)
                (maps[i, 0, 0], maps[i, 1, 0]) = (-maps[i, 0, 0], -maps[i, 1, 0]);
            if (spare > 0)
                corners[i] = (random.Next(spare + 1), random.Next(spare + 1));
        }
        Tensor grid = nn.functional.affine_grid(tensor(maps, device: pixels.device), [n, 1, pixels.shape[1], pixels.shape[2]], align_corners: false);
        Tensor moved = nn.functional.grid_sample(pixels.unsqueeze(1), grid, align_corners: false).squeeze(1);
        return spare == 0 ? moved : stack([.. corners.Select((corner, i) => moved[i].narrow(0, corner.Top, side).narrow(1, corner.Left, side))]);
    }

    private static double Uniform(Random random, double largest) => (2 * random.NextDouble() - 1) * largest;
}
