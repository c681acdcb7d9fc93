using HashGrid.CommandLine;

return await App.RunAsync(args);
