using HashGrid.Server;
using HashGrid.Server.Hosting;

// Options in, exit code out; ServerHost.Build puts the parts together. `hashgrid serve` is the friendly face of the same.
if (args is ["--help" or "-h"])
{
    Console.WriteLine(CommandLine.Help);
    return 0;
}
if (CommandLine.Parse(args, out string? problem) is not { } options)
{
    Console.Error.WriteLine("hashgrid: " + problem);
    return 2;
}
return await ServerHost.RunAsync(options);
