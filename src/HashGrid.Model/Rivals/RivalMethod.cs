namespace HashGrid.Model.Rivals;

/// <summary>The methods that the paper compares itself with.</summary>
public enum RivalMethod
{
    /// <summary>Semi-supervised hashing: a linear projection from labelled pairs. Wang, Kumar, Chang, TPAMI 34(12), 2012.</summary>
    Ssh,

    /// <summary>Iterative quantisation: principal components, rotated towards the corners of the cube. Gong, Lazebnik, Gordo, Perronnin, TPAMI 35(12), 2013.</summary>
    Itq,

    /// <summary>Deep hashing: three tanh layers, no labels. Erin Liong, Lu, Wang, Moulin, Zhou, CVPR 2015.</summary>
    Dh,

    /// <summary>Deep supervised hashing: a small convolutional network of its own. Liu, Wang, Shan, Chen, CVPR 2016.</summary>
    Dsh,

    /// <summary>Deep residual hashing: a residual trunk and neighbourhood components. Conjeti, Guha Roy, Katouzian, Navab, MICCAI 2017.</summary>
    Drh,

    /// <summary>Attention-based triplet hashing: a small residual network of its own. Fang, Fu, Liu, Medical Image Analysis 69, 2021.</summary>
    Ath,
}
