using System.Globalization;
using HashGrid.CommandLine.Inputs;
using HashGrid.Model.Evaluation;
using HashGrid.Model.Training;

namespace HashGrid.CommandLine.Training;

/// <summary>loss.csv and loss.png of a run: one row an epoch.</summary>
internal sealed class TrainingHistory(string folder)
{
    private const string Header = "epoch,loss,contrastive,regulariser,classification,rate,images_per_second,map,ndcg100,p10";
    private readonly List<EpochRecord> _epochs = [];

    public IReadOnlyList<EpochRecord> Epochs => _epochs;

    public EpochRecord? Best => _epochs.Where(epoch => epoch.Scores is not null).MaxBy(epoch => epoch.Scores!.Map);

    private string CsvPath => Path.Combine(folder, "loss.csv");

    /// <summary>Reads the epochs before the one that a checkpoint goes on with.</summary>
    public void Read(int nextEpoch)
    {
        _epochs.Clear();
        if (!File.Exists(CsvPath))
            return;
        foreach (Dictionary<string, string> row in Csv.Read(CsvPath))
        {
            double Number(string name) => double.TryParse(row.GetValueOrDefault(name), NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : double.NaN;
            int epoch = (int)Number("epoch");
            if (epoch >= nextEpoch)
                break;
            var loss = new StepLoss(Number("loss"), Number("contrastive"), Number("regulariser"), Number("classification"), Number("rate"));
            RetrievalScores? scores = double.IsNaN(Number("map")) ? null : new RetrievalScores(Number("map"), Number("ndcg100"), Number("p10"), 0, 0, 0, 0, 0, 0, 0);
            _epochs.Add(new EpochRecord(epoch, loss, Number("images_per_second"), scores));
        }
    }

    /// <summary>Adds an epoch and writes both files anew, each whole or not at all.</summary>
    public void Add(EpochRecord epoch)
    {
        _epochs.Add(epoch);
        File.WriteAllLines(CsvPath + ".tmp", _epochs.Select(Row).Prepend(Header));
        File.Move(CsvPath + ".tmp", CsvPath, overwrite: true);
        LossChart.Write(Path.Combine(folder, "loss.png"), _epochs);
    }

    private static string Row(EpochRecord epoch)
    {
        string scores = epoch.Scores is { } own ? FormattableString.Invariant($"{own.Map:R},{own.Ndcg100:R},{own.PrecisionAt10:R}") : ",,";
        StepLoss loss = epoch.Loss;
        return FormattableString.Invariant(
            $"{epoch.TrainingEpoch},{loss.Loss:R},{loss.Contrastive:R},{loss.Regulariser:R},{loss.Classification:R},{loss.Rate:R},{epoch.ImagesPerSecond:F2},{scores}");
    }
}
