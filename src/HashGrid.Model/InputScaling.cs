namespace HashGrid.Model;

/// <summary>How grey 0..1 becomes the three channels that a trunk was trained on.</summary>
public enum InputScaling
{
    /// <summary>Repeated three times, less ImageNet's mean, over its standard deviation, per channel.</summary>
    ImageNet,

    /// <summary>2 x − 1 in every channel: TensorFlow's x / 127.5 − 1.</summary>
    Symmetric,
}
