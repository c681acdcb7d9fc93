using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HashGrid.Model.Training;

/// <summary>Gives the network's new layers the weights of the best linear model it contains, so that training goes on from there.</summary>
/// <remarks>
/// The shortcut of a refinement block is a linear map of positions, then come means: with its residual path at zero a refined feature is linear in the pooled trunk. So ridge regression on what both branches pool gives C + 1 refined
/// channels (the findings and "No Finding"), the FC adds the branches, and the hash layer is <see cref="HashLayerFit"/>'s; shifts keep every ReLU on its straight part. All other units keep their random weights.
/// Sources: linear probing, then fine-tuning: Kumar et al., ICLR 2022; residual paths that start at zero: Goyal et al., arXiv:1706.02677 (2017).
/// </remarks>
internal sealed class LinearStart
{
    private const int Chunk = 32;
    private const double Least = 1e-6; // deviation of a score that is the same for every picture, such as that of a finding nobody has
    private const double Room = 1; // deviations between the lowest value seen and where a ReLU bends
    private readonly HashNet _net;
    private readonly Func<int[], Tensor> _maps;
    private readonly int _pictures;
    private readonly bool _shared;
    private readonly string[] _blocks;
    private readonly CancellationToken _cancellation;

    /// <param name="net">Its trunk is frozen; all other weights change.</param>
    /// <param name="maps">F [n, K, H, W] of some pictures.</param>
    /// <param name="pictures">How many there are.</param>
    /// <param name="cancellation">Stops between chunks.</param>
    public LinearStart(HashNet net, Func<int[], Tensor> maps, int pictures, CancellationToken cancellation)
    {
        (_net, _maps, _pictures, _cancellation) = (net, maps, pictures, cancellation);
        _shared = net.Options.ShareRefinement && net.Options.Branches == Branches.Both;
        _blocks = net.Options switch
        {
            { ShareRefinement: true } or { Branches: Branches.Global } => ["refine_global."],
            { Branches: Branches.Local } => ["refine_local."],
            _ => ["refine_global.", "refine_local."],
        };
    }

    /// <summary>What each refinement block gives to the FC when its residual path is zero and its shortcut the identity: [N, K], or [N, 2 K] for two blocks.</summary>
    public Tensor Pooled() => OverAll(inputs => cat([.. Blocks(inputs).Select(x => Pool(Strided(x)))], 1));

    /// <summary>Writes the linear model into the network.</summary>
    /// <param name="weights">[blocks · K, C'] of the pooled features.</param>
    /// <param name="offset">[C'], added to the scores.</param>
    /// <param name="lowest">[C'], the lowest score seen.</param>
    /// <param name="spread">[C'], a deviation of each score.</param>
    /// <param name="hash">[k, C'] of the scores.</param>
    /// <param name="hashBias">[k].</param>
    public void Write(Tensor weights, Tensor offset, Tensor lowest, Tensor spread, Tensor hash, Tensor hashBias)
    {
        long channels = weights.shape[0] / _blocks.Length;
        int scores = (int)weights.shape[1], refined = _net.Options.RefinedWidth;
        spread = spread.clamp_min(Least);
        Tensor height = (1 - lowest / spread) * Room;                                              // of h over the score in deviations [C']
        Tensor bias = offset / spread + height;
        Tensor fc = _net.Table["fc.weight"], fcRows = zeros([scores, fc.shape[1]], device: fc.device);
        foreach ((int b, string block) in _blocks.Index())
        {
            Tensor rows = weights.narrow(0, b * channels, channels).t();                           // [C', K]
            (Tensor mean, Tensor deviation, Tensor least) = Positions(b, rows);
            Tensor gain = deviation.clamp_min(Least).reciprocal();
            Tensor low = (mean - least) * gain + Room;                                             // shift that keeps the ReLU straight
            Tensor shortcut = (rows * gain.unsqueeze(1)).view(scores, channels, 1, 1);
            Fill($"{block}downsample.0.weight", _net.Options.RefineSkip == 1 ? shortcut : functional.pad(shortcut, [1, 1, 1, 1])); // a larger kernel's middle
            Fill($"{block}downsample.1.running_mean", mean * gain);
            Fill($"{block}downsample.1.running_var", ones(scores, device: fc.device) - 1e-5);
            Fill($"{block}downsample.1.weight", ones(scores, device: fc.device));
            Fill($"{block}downsample.1.bias", low);
            Fill($"{block}bn2.weight", zeros(scores, device: fc.device));
            Fill($"{block}bn2.bias", zeros(scores, device: fc.device));
            // The FC takes gain and shift back; both branches pass a shared block.
            Tensor back = (gain * spread).reciprocal(), shift = back * (low - mean * gain) * PoolOfOnes();
            for (int branch = b; branch < (_shared ? 2 : b + 1); branch++)
            {
                fcRows.narrow(1, branch * refined, scores).add_(back.diag());
                bias = bias - shift;
            }
        }
        Fill("fc.weight", fcRows);
        Fill("fc.bias", bias);
        Tensor perDeviation = hash * spread;                                                       // [k, C']
        _net.Table["hash.weight"].zero_();
        _net.Table["hash.weight"].narrow(1, 0, scores).copy_(perDeviation);
        _net.Table["hash.bias"].copy_(hashBias - perDeviation.mv(height));
    }

    /// <summary>The classifier by least squares from what it sees to log odds.</summary>
    /// <param name="odds">[N, C] in the order of the pictures.</param>
    public void FitClassifier(Tensor odds)
    {
        Tensor seen = OverAll(output => _net.Options.ClassifyFromHidden ? output.Hidden : output.Code); // [N, k] or [N, hidden]
        Tensor mean = seen.mean([0]), centred = seen - mean, target = odds.mean([0]);
        Tensor gram = centred.t().mm(centred), light = eye(gram.shape[0], device: gram.device) * (0.01 * _pictures);
        Tensor weights = cholesky_solve(centred.t().mm(odds - target), linalg.cholesky(gram + light)); // [k, C]
        _net.Table["classifier.weight"].copy_(weights.t());
        _net.Table["classifier.bias"].copy_(target - mean.matmul(weights));
    }

    /// <summary>Mean, deviation and least value of a linear map of positions, over all that the shortcut sees: each [C'].</summary>
    private (Tensor Mean, Tensor Deviation, Tensor Least) Positions(int block, Tensor rows)
    {
        Tensor kernel = rows.unsqueeze(-1).unsqueeze(-1);
        Tensor each = OverAll(output =>
        {
            // A shared block sees both branches' positions, each by itself.
            IEnumerable<Tensor> seen = _shared ? [output.F, output.Attended] : [Inputs(output)[block]];
            Tensor[] values = [.. seen.Select(x => functional.conv2d(Strided(x), kernel).flatten(2))];  // [n, C', positions]
            Tensor all = cat(values, 2);
            return stack([all.mean([2]), all.square().mean([2]), all.amin([2])], 1);                // [n, 3, C']
        });
        Tensor mean = each.select(1, 0).mean([0]), variance = each.select(1, 1).mean([0]) - mean.square();
        return (mean, variance.clamp_min(0).sqrt(), each.select(1, 2).amin([0]));
    }

    private Tensor[] Inputs(HashNetOutput output) => _net.Options.Branches switch
    {
        Branches.Global => [output.F],
        Branches.Local => [output.Attended],
        _ => [output.F, output.Attended],
    };

    /// <summary>A shared block's linear part sees the sum of both branches.</summary>
    private Tensor[] Blocks(HashNetOutput output) => _shared ? [output.F + output.Attended] : Inputs(output);

    private Tensor OverAll(Func<HashNetOutput, Tensor> of)
    {
        var parts = new List<Tensor>();
        foreach (int[] chunk in Enumerable.Range(0, _pictures).Chunk(Chunk))
        {
            _cancellation.ThrowIfCancellationRequested();
            using DisposeScope scope = NewDisposeScope();
            parts.Add(of(_net.Head(_maps(chunk))).MoveToOuterDisposeScope());
        }
        return cat(parts);
    }

    /// <summary>The positions that the middle of the shortcut's kernel sees.</summary>
    private Tensor Strided(Tensor x) => x[TensorIndex.Ellipsis, TensorIndex.Slice(step: _net.Options.RefineStride), TensorIndex.Slice(step: _net.Options.RefineStride)];

    /// <summary>As the refinement pools: [N, K, H, W] → [N, K].</summary>
    private Tensor Pool(Tensor x) => (_net.Options.RefinePool ? functional.avg_pool2d(x, 3, stride: 1, padding: 1) : x).mean([2, 3]);

    private double PoolOfOnes()
    {
        long side = _net.Options.RefinedSide;
        return Pool(ones(1, 1, side, side)).item<float>();
    }

    /// <summary>The first rows of a tensor.</summary>
    private void Fill(string name, Tensor rows) => _net.Table[name].narrow(0, 0, rows.shape[0]).copy_(rows);
}
