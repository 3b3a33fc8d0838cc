using Forecast.Adapters.Dashboard;

namespace Forecast.Cli.Dashboard;

/// <summary>The page as the build bundled it into this assembly.</summary>
internal static class DashboardPage
{
    public static IReadOnlyList<PageFile> Files { get; } =
    [
        Read("/", "index.html", "text/html; charset=utf-8"),
        Read("/page.js", "page.js", "text/javascript; charset=utf-8"),
        Read("/page.css", "page.css", "text/css; charset=utf-8"),
        Read("/icon.svg", "icon.svg", "image/svg+xml"),
    ];

    private static PageFile Read(string path, string name, string contentType)
    {
        using var stream = typeof(DashboardPage).Assembly.GetManifestResourceStream($"dashboard/{name}")
            ?? throw new InvalidOperationException($"the build left the dashboard's {name} out");
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return new PageFile(path, contentType, content.ToArray());
    }
}
