using BenchmarkDotNet.Running;

// microbench --filter '*Kernel*'; whole searches: hashgrid index bench
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
