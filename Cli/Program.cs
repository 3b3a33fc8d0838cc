using System.Reflection;

Console.WriteLine($"forecast {Assembly.GetExecutingAssembly().GetName().Version?.ToString(3)}");
return 0;
