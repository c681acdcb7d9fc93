namespace HashGrid.Model.Weights;

/// <summary>An option that older weights lack. At its default it is left out of what is stored, so that the fingerprint of a network without it stays what it was.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class AddedLaterAttribute : Attribute;
