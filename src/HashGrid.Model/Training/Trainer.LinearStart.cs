using HashGrid.Model.Datasets;
using TorchSharp;
using static TorchSharp.torch;

namespace HashGrid.Model.Training;

public sealed partial class Trainer
{
    /// <summary>Puts <see cref="Training.LinearStart"/> into the network.</summary>
    private void StartLinear(CancellationToken cancellation)
    {
        HashNetOptions shape = _net.Options;
        int scores = shape.Labels.Length + 1;
        using IDisposable frozen = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using CollectorPause pause = CollectorPause.Begin();
        string[] patients = [.. _pictures.Images.Select(image => image.Patient)];
        (Tensor labels, Tensor known) = _pictures.LabelMatrix([.. shape.Labels, LabelledImage.NoFinding], _device); // [N, C + 1]
        var start = new LinearStart(_net, chunk => _cache!.Map(_net, chunk, null), patients.Length, cancellation);
        Tensor pooled = start.Pooled();
        (Tensor weights, Tensor offset, Tensor mean, Tensor unseen) = RidgeTeacher.Fit(pooled, labels, known, patients);
        Tensor seen = pooled.mm(weights) + offset;
        (Tensor hash, Tensor bias) = HashLayerFit.Fit(seen, unseen - mean, _pairLabels, _pairKnown, patients, [.. _options.Loss.NestedBits.Where(width => width < shape.Bits), shape.Bits], _options.LinearTemperature, _options.Seed);
        start.Write(weights, offset, minimum(seen.amin([0]), (unseen - mean).amin([0])), seen.std(0), hash, bias);
        start.FitClassifier((seen + mean).narrow(1, 0, scores - 1).clamp(0.02, 0.98).logit());
    }
}
