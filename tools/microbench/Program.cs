using BenchmarkDotNet.Running;
using HashGrid.MicroBench;

// microbench engines --help      whole searches on raw code files, one JSON line a measurement
// microbench --filter '*Kernel*' BenchmarkDotNet
if (args is ["engines", ..]) return EngineBench.Run(args[1..]);
BenchmarkSwitcher.FromAssembly(typeof(EngineBench).Assembly).Run(args);
return 0;
