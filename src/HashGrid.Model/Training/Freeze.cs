namespace HashGrid.Model.Training;

/// <summary>What training leaves as it is; its output is then computed once per picture and view.</summary>
public enum Freeze
{
    /// <summary>Nothing: the whole network learns, from fresh augmentation in every epoch.</summary>
    Nothing,

    /// <summary>The trunk through conv4_x.</summary>
    Lower,

    /// <summary>The whole trunk.</summary>
    Trunk,
}
