using HashGrid.Model.Losses;
using HashGrid.Model.Rivals;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Tests.Rivals;

public sealed class TripletsTests
{
    [Test]
    public void Draw_LabelsGiven_EveryTripletIsRight()
    {
        using DisposeScope scope = NewDisposeScope();
        float[,] rows = new float[12, 2];
        for (int i = 0; i < 12; i++)
            rows[i, i % 2] = 1;
        using Tensor labels = tensor(rows), known = ones_like(labels);
        (int Query, int Positive, int Negative)[] triplets = Triplets.Draw(labels, known, seed: 7);
        Assert.That(triplets, Has.Length.EqualTo(12));
        Assert.That(triplets, Has.All.Matches<(int Query, int Positive, int Negative)>(one => one.Query != one.Positive && one.Query % 2 == one.Positive % 2 && one.Query % 2 != one.Negative % 2));
        using Tensor alike = ones(12, 2);
        Assert.That(Triplets.Draw(alike, known, seed: 7), Is.Empty);
    }

    [Test]
    public void Draw_UnknownLabels_TakesThePairsThatTheLossTakes()
    {
        const int Count = 60, Seeds = 300;
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(11);
        Tensor labels = (rand([Count, 4], generator: generator) < 0.25).to_type(ScalarType.Float32), known = (rand([Count, 4], generator: generator) < 0.9).to_type(ScalarType.Float32);
        (Tensor similar, Tensor certain) = HashLoss.Pairs(labels, known);
        bool[] alike = similar.data<bool>().ToArray(), sure = certain.data<bool>().ToArray();
        bool IsNear(int i, int j) => i != j && sure[(i * Count) + j] && alike[(i * Count) + j];
        bool IsFar(int i, int j) => i != j && sure[(i * Count) + j] && !alike[(i * Count) + j];
        int[] both = [.. Enumerable.Range(0, Count).Where(i => Enumerable.Range(0, Count).Any(j => IsNear(i, j)) && Enumerable.Range(0, Count).Any(j => IsFar(i, j)))];
        var drawn = new HashSet<(int, int)>();
        var random = new Random(29); // neighbouring seeds draw alike at first
        for (int trial = 0; trial < Seeds; trial++)
        {
            int seed = random.Next();
            (int Query, int Positive, int Negative)[] triplets = Triplets.Draw(labels, known, seed);
            Assert.That(triplets.Select(one => one.Query), Is.EqualTo(both));
            foreach ((int query, int positive, int negative) in triplets)
            {
                Assert.That(IsNear(query, positive) && IsFar(query, negative), $"{query}, {positive}, {negative} at seed {seed}");
                drawn.Add((query, positive));
            }
        }
        Assert.That(drawn, Has.Count.EqualTo(both.Sum(i => Enumerable.Range(0, Count).Count(j => IsNear(i, j)))), "every similar picture is drawn in some of the seeds");
    }

    [Test]
    public void Draw_FiftyThousandPictures_NeedsNoMatrixOfPairs()
    {
        const int Count = 50_000; // 2.5 billion pairs are more than an array holds
        float[] rows = new float[Count * 8];
        var random = new Random(5);
        for (int i = 0; i < rows.Length; i++)
            rows[i] = random.Next(6) == 0 ? 1 : 0;
        using DisposeScope scope = NewDisposeScope();
        Tensor labels = tensor(rows, [Count, 8]);
        (int Query, int Positive, int Negative)[] triplets = Triplets.Draw(labels, ones_like(labels), seed: 7);
        Assert.That(triplets, Has.Length.GreaterThan(Count * 7 / 10), "77 % have a label");
        bool Share(int a, int b) => Enumerable.Range(0, 8).Any(c => rows[(a * 8) + c] > 0 && rows[(b * 8) + c] > 0);
        Assert.That(triplets.Where(one => Share(one.Query, one.Negative)), Is.Empty);
        Assert.That(triplets.Count(one => Share(one.Query, one.Positive)), Is.GreaterThan(Count * 7 / 10), "those with a label");
    }
}
