using HashGrid.Model.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Tests.Training;

public sealed class AugmentationTests
{
    private static readonly TrainerOptions Still = new() { Rotation = 0, Zoom = 0 };

    [Test]
    public void Apply_FlipAlways_MirrorsLeftAndRight()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor pixels = rand(3, 16, 16);
        Assert.That(Same(Augmentation.Apply(pixels, new Random(1), Still with { Flip = 1 }, 16), pixels.flip(2)), Is.True);
        Assert.That(Same(Augmentation.Apply(pixels, new Random(1), Still, 16), pixels), Is.True, "off by default");
    }

    [Test]
    public void Apply_FlipHalf_MirrorsAboutHalfOfThem()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor pixels = rand(200, 4, 4), moved = Augmentation.Apply(pixels, new Random(20261), Still with { Flip = 0.5 }, 4);
        int mirrored = Enumerable.Range(0, 200).Count(i => Same(moved[i], pixels[i].flip(1)));
        Assert.That(mirrored, Is.InRange(80, 120));
        Assert.That(Enumerable.Range(0, 200).Count(i => Same(moved[i], pixels[i])), Is.EqualTo(200 - mirrored));
    }

    [Test]
    public void Apply_LargerPictures_TakesASquareOfEachAtARandomPlace()
    {
        using DisposeScope scope = NewDisposeScope();
        // A pixel's value is its place.
        Tensor pixels = arange(64, dtype: ScalarType.Float32).view(1, 8, 8).expand(40, -1, -1).contiguous();
        Tensor cut = Augmentation.Apply(pixels, new Random(3), Still with { CropFrom = 8 }, 6);
        Assert.That(cut.shape, Is.EqualTo([40, 6, 6]));
        var corners = new HashSet<int>();
        for (int i = 0; i < 40; i++)
        {
            int corner = (int)MathF.Round(cut[i, 0, 0].item<float>());
            corners.Add(corner);
            Assert.That(corner / 8, Is.InRange(0, 2));
            Assert.That(corner % 8, Is.InRange(0, 2));
            Assert.That(Same(cut[i], pixels[0].narrow(0, corner / 8, 6).narrow(1, corner % 8, 6)), Is.True);
        }
        Assert.That(corners, Has.Count.EqualTo(9), "every place comes");
    }

    private static bool Same(Tensor a, Tensor b) => (a - b).abs().max().item<float>() < 1e-4f;
}
