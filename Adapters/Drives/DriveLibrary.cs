namespace Forecast.Adapters.Drives;

/// <summary>Opens whatever a path names as a recorded drive.</summary>
public static class DriveLibrary
{
    public const string Allowed = "a drive folder (with drive.json), a video file, or a DGP scene folder";

    /// <param name="rigOverride">A rig file to use instead of the recording's own; null: its own, or an assumed one.</param>
    /// <param name="assumedRigs">A folder of rigs with estimated calibration, one of which a bare video of the same size gets.</param>
    /// <exception cref="UnusableInputException">It cannot be used: each problem in one line that says what, where, and what to do.</exception>
    public static RecordedDrive Open(string path, string? rigOverride = null, string? assumedRigs = null)
    {
        if (rigOverride is not null && !File.Exists(rigOverride))
        {
            throw new UnusableInputException($"{rigOverride}: there is no such rig file");
        }

        if (Directory.Exists(path))
        {
            return OpenFolder(path, rigOverride);
        }

        if (!File.Exists(path))
        {
            throw new UnusableInputException($"{path}: there is nothing there: give {Allowed}");
        }

        var name = Path.GetFileName(path);
        if (name == DriveFolder.Manifest)
        {
            return DriveFolder.Open(Path.GetDirectoryName(Path.GetFullPath(path))!, rigOverride);
        }

        if (name.StartsWith("scene_", StringComparison.Ordinal) && name.EndsWith(".json", StringComparison.Ordinal))
        {
            return OpenScene(path, rigOverride);
        }

        return VideoDrive.Open(path, rigOverride, assumedRigs);
    }

    private static RecordedDrive OpenFolder(string folder, string? rigOverride)
    {
        if (File.Exists(Path.Combine(folder, DriveFolder.Manifest)))
        {
            return DriveFolder.Open(folder, rigOverride);
        }

        var scenes = DgpScene.Find(folder);
        if (scenes.Count == 1)
        {
            return OpenScene(scenes[0], rigOverride);
        }

        if (scenes.Count > 1)
        {
            throw new UnusableInputException($"{folder}: {scenes.Count} scenes in it: name one of {string.Join(", ", scenes)}");
        }

        var drives = Directory.EnumerateFiles(folder, DriveFolder.Manifest, new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 2 })
            .Select(file => Path.GetDirectoryName(file)!).Order(StringComparer.Ordinal).ToList();
        throw new UnusableInputException(drives.Count > 0
            ? $"{folder}: {drives.Count} drives in it: name one of {string.Join(", ", drives)}"
            : $"{folder}: neither drive.json nor a DGP scene in it: give {Allowed}");
    }

    private static RecordedDrive OpenScene(string path, string? rigOverride)
    {
        var drive = DgpScene.Open(path);
        if (rigOverride is null)
        {
            return drive;
        }

        var rig = RigFile.Load(rigOverride);
        var problems = new List<string>();
        var cameras = new List<RecordedCamera>();
        foreach (var calibration in rig.Cameras)
        {
            var found = drive.Cameras.FirstOrDefault(c => c.Calibration.Name == calibration.Name);
            if (found is null)
            {
                problems.Add($"{rigOverride}: camera {calibration.Name} is not in {path} (it has {string.Join(", ", drive.Cameras.Select(c => c.Calibration.Name))})");
            }
            else if (found.Calibration.WidthPx != calibration.WidthPx || found.Calibration.HeightPx != calibration.HeightPx)
            {
                problems.Add($"{rigOverride}: camera {calibration.Name} is {calibration.WidthPx}x{calibration.HeightPx}, and its pictures are {found.Calibration.WidthPx}x{found.Calibration.HeightPx}");
            }
            else
            {
                cameras.Add(new RecordedCamera(calibration, found.Frames, found.Where, found.OpenPictures));
            }
        }

        return problems.Count == 0 ? drive with { Rig = rig, Cameras = cameras } : throw new UnusableInputException(problems);
    }
}
