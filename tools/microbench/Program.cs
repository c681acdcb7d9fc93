using BenchmarkDotNet.Running;
using HashGrid.MicroBench;

// microbench engines --help      whole searches on raw code files, one JSON line a measurement
// microbench --filter '*Kernel*' BenchmarkDotNet
// microbench writes 1000000      adds, upserts and removes beside a reader
if (args is ["writes", string count]) return WriteBench.Run(int.Parse(count));
if (args is ["engines", ..]) return EngineBench.Run(args[1..]);
BenchmarkSwitcher.FromAssembly(typeof(EngineBench).Assembly).Run(args);
return 0;
