"""cd Training && /usr/bin/python3 -m unittest discover -s real -t ."""

import base64
import json
import sys
import tempfile
import unittest
import zlib
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from real import Unusable, camera, filmstrip, obstacle, paste, runs, video

RIG = {"vehicle": {"length_m": 4.5, "width_m": 1.8, "rear_overhang_m": 1.0},
       "cameras": [{"name": "front", "width_px": 128, "height_px": 64, "intrinsics": {"fx_px": 100, "fy_px": 100, "cx_px": 63.5, "cy_px": 31.5},
                    "extrinsics": {"translation_m": [1.5, 0, 1.5], "rotation_wxyz": [0.5, -0.5, 0.5, -0.5]}}]}


def rig_file(folder):
    path = Path(folder) / "rig.json"
    path.write_text(json.dumps(RIG))
    return path


def run_lines(alarmed):
    """A run of len(alarmed) ticks of 0.1 s; cell (30, 16) is occupied."""
    cells = np.zeros((3, 48, 32), dtype=np.uint8)
    cells[0, 30, 16] = 255
    packed = base64.b64encode(zlib.compress(cells.tobytes())).decode()
    rig = RIG["cameras"][0]
    lines = [{"topic": "model", "message": {"horizons_s": [0.5, 1, 2, 3, 4]}},
             {"topic": "rig", "message": {**{f"vehicle_{k}": v for k, v in RIG["vehicle"].items()}, "cameras": [{"name": "front", "width_px": 128, "height_px": 64, **rig["intrinsics"], **rig["extrinsics"]}]}}]
    for k, alarm in enumerate(alarmed):
        at = str(1_000_000_000 + k * 100_000_000)
        envelope = {"frame_set": {"reference_time_ns": at, "cameras_used": [{"name": "front", "frame": str(k), "capture_time_ns": at}]}}
        lines.append({"topic": "scene", "message": {"envelope": envelope, "grid": {"origin_x_m": -24, "origin_y_m": -32, "resolution_m": 2, "size_x": 48, "size_y": 32},
                                                    "occupancy_classes": ["vehicle", "cycle", "person"], "occupancy_now": {"zlib": packed}, "horizons": [{"occupancy": {"zlib": packed}}] * 5}})
        lines.append({"topic": "risk", "message": {"envelope": envelope, "level": "RISK_LEVEL_HIGH", "horizons": [{"probability": 0.1 * h} for h in range(5)], **({"alarm": {}} if alarm else {"alarm_reason": "none_stands"})}})
    return "\n".join(map(json.dumps, lines))


class ApproachTests(unittest.TestCase):
    def test_distance_shrinks_to_the_nearest_and_stays(self):
        a = obstacle.Approach(start_s=2, from_m=60, to_m=4, closing_mps=10)
        self.assertIsNone(a.distance_m(1.95))
        self.assertEqual([a.distance_m(t) for t in (2, 5, 7.6, 9)], [60, 30, 4, 4])
        self.assertAlmostEqual(a.contact_s, 8)


class PasteTests(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.rig = rig_file(self.folder.name)
        self.source = Path(self.folder.name) / "road.mp4"
        ramp = np.repeat(np.linspace(220, 90, 64).astype(np.uint8)[:, None], 128, axis=1)
        video.write(self.source, [np.repeat(ramp[..., None], 3, axis=2)] * 12, (128, 64), 10)

    def test_grows_on_the_road_and_keeps_the_rest(self):
        out = Path(self.folder.name) / "out.mp4"
        paste.paste(self.source, self.rig, out, obstacle.Approach(start_s=0.2, from_m=30, to_m=5, closing_mps=30))
        before, after = list(video.Video(self.source).pictures()), list(video.Video(out).pictures())
        self.assertEqual(len(after), 12)
        self.assertEqual((video.Video(out).size, video.Video(out).rate_hz), ((128, 64), 10))
        changed = [np.abs(a.astype(int) - b).max(axis=2) > 25 for a, b in zip(after, before)]
        self.assertEqual(int(changed[1].sum()), 0)
        areas = [int(c.sum()) for c in changed[2:11]]
        self.assertTrue(all(a < b for a, b in zip(areas, areas[1:])), areas)
        rows = np.nonzero(changed[11].any(axis=1))[0]
        _, cameras = camera.read_rig(self.rig)
        wheels = cameras[0].project(np.array([[3.5 + 5, 0.0, 0.0]]))[0][0, 1]  # the road below its rear bumper
        self.assertLess(abs(rows.max() - wheels), 4)

    def test_same_arguments_same_file(self):
        files = [Path(self.folder.name) / f"{k}.mp4" for k in range(2)]
        for f in files:
            paste.paste(self.source, self.rig, f, obstacle.Approach("lorry"))
        self.assertEqual(files[0].read_bytes(), files[1].read_bytes())

    def test_a_video_that_ends_too_soon_is_refused_and_nothing_written(self):
        out = Path(self.folder.name) / "out.mp4"
        with self.assertRaisesRegex(Unusable, "ends before"):
            paste.paste(self.source, self.rig, out, obstacle.Approach(start_s=5))
        self.assertFalse(out.exists())


class RunTests(unittest.TestCase):
    def read(self, text):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "run.jsonl"
            path.write_text(text)
            return runs.read(path)

    def test_moments_and_alarms(self):
        run = self.read(run_lines([False, True, True, False, True]))
        self.assertEqual([(round(s, 1), round(e, 1)) for s, e in run.alarms()], [(0.1, 0.3), (0.4, 0.4)])
        self.assertEqual(run.moments[2].frames, {"front": 2})
        self.assertEqual(run.moments[0].cells(1)[0, 30, 16], 1)

    def test_a_broken_line_is_named(self):
        with self.assertRaisesRegex(Unusable, "line 2"):
            self.read(run_lines([False]).splitlines()[0] + "\n{")

    def test_outline_of_a_cell_lies_about_it(self):
        run = self.read(run_lines([False]))
        edges = filmstrip._outline(run, run.moments[0].cells(0).max(axis=0) >= 0.5)
        self.assertEqual(len(edges), 4)
        self.assertEqual((edges.reshape(-1, 2).min(axis=0).tolist(), edges.reshape(-1, 2).max(axis=0).tolist()), ([36, 0], [38, 2]))


if __name__ == "__main__":
    unittest.main()
