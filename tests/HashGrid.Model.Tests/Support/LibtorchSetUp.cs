using HashGrid.Model.Runtime;

namespace HashGrid.Model.Tests;

/// <summary>Loads libtorch before any test touches a tensor.</summary>
[SetUpFixture]
public sealed class LibtorchSetUp
{
    [OneTimeSetUp]
    public void Load() => TorchRuntime.EnsureLoaded();
}
