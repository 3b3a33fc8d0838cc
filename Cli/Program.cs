using Forecast.Cli.Commands;

using var interruption = Interruption.Listen();
return await CommandTree.InvokeAsync(args, CommandHost.FromProcess(), interruption.Token);
