namespace HashGrid.CommandLine.Training;

/// <summary>What keeps training pictures and held-out pictures apart.</summary>
internal enum SplitKind
{
    /// <summary>No patient is on both sides.</summary>
    Patient,

    /// <summary>Picture by picture, as the paper does: near-duplicates of a patient land on both sides and flatter.</summary>
    Image,

    /// <summary>The release's own: train_val_list.txt and test_list.txt (NIH), train.csv and valid.csv (CheXpert).</summary>
    Official,
}
