using HashGrid.Server;
using HashGrid.Server.Hosting;

// Options in, exit code out; ServerHost.Build puts the parts together. `hashgrid serve` is the friendly face of the same.
if (args is ["--help" or "-h"])
{
    Console.WriteLine(CommandLine.Help);
    return 0;
}
List<string> problems = [];
return await ServerHost.RunAsync(CommandLine.Parse(args, problems), problems);
