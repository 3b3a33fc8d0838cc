"""`agree MODEL DRIVES`: what `forecast replay` publishes of recorded drives against what this code computes of the same files: the same pictures, decoded and prepared
by each in its own way, the same motion log, the same weights. The risk of the intended manoeuvre, calibrated, tick by tick and horizon by horizon."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from real import runs

from . import calibration as cal
from . import drive_evaluation
from . import folder as model_folder

MOST = 1e-3
ROOT = Path(__file__).resolve().parents[2]


def published(drive, folder, out):
    """-> times [T] s, probability [T, K], as `forecast replay` gives them."""
    command = [str(ROOT / "forecast"), "replay", str(drive), "--exact", "--model", str(folder), "--out", str(out), "--quiet"]
    ran = subprocess.run(command, capture_output=True, text=True)
    if ran.returncode:
        raise SystemExit(f"agree: {' '.join(command)} ended with {ran.returncode}: {ran.stderr.strip().splitlines()[-1] if ran.stderr.strip() else 'no word'}")
    moments = runs.read(out).moments
    return np.array([m.time_s for m in moments]), np.stack([m.probabilities for m in moments])


def compare(model, calibration, drive, folder, scratch):
    """-> largest difference, where (s, horizon number), ticks compared"""
    times, theirs = published(drive, folder, Path(scratch, f"{drive.name}.jsonl"))
    got = drive_evaluation.run_drive(model, drive)
    ours = cal.apply_risk(got["risk"].astype(float), calibration)
    at = np.argmin(np.abs(got["times"][None] - (times - times[0])[:, None]), 1)
    if np.abs(got["times"][at] - (times - times[0])).max() > 0.02:
        raise SystemExit(f"agree: {drive.name}: the ticks of the two are not at the same times")
    if np.isnan(theirs).any():
        raise SystemExit(f"agree: {drive.name}: replay withheld a probability")
    off = np.abs(theirs - ours[at])
    worst = np.unravel_index(off.argmax(), off.shape)
    return float(off.max()), (float(times[worst[0]]), int(worst[1])), len(times)


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="agree", description=__doc__)
    parser.add_argument("folder", type=Path, help="the model folder")
    parser.add_argument("drives", type=Path, help="a folder with recorded drives below it")
    parser.add_argument("--most", type=int, default=10, help="drives, evenly from all that are there")
    o = parser.parse_args(arguments)
    torch.set_num_threads(1)
    found = sorted(p.parent for p in o.drives.glob("**/drive.json"))
    if not found:
        raise SystemExit(f"agree: {o.drives}: no drive.json below it; Training/select_drives makes drives")
    chosen = [found[int(i)] for i in np.linspace(0, len(found) - 1, min(o.most, len(found)))]
    model, _, manifest = model_folder.load(o.folder)
    worst = 0.0
    with tempfile.TemporaryDirectory() as scratch:
        for drive in chosen:
            off, (second, horizon), ticks = compare(model, manifest["calibration"]["risk"], drive, o.folder, scratch)
            worst = max(worst, off)
            print(f"{drive.name}: {ticks} ticks, largest difference {off:.2g} (at {second:.1f} s, {manifest['horizons_s'][horizon]:g} s ahead)", flush=True)
    agrees = worst <= MOST
    print(f"agree: {len(chosen)} drives, largest difference {worst:.2g}, {'within' if agrees else 'BEYOND'} {MOST:g}")
    return 0 if agrees else 1


if __name__ == "__main__":
    sys.exit(main())
