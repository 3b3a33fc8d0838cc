"""Plots and the report."""

import json

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402


def plot_log(log_path, out):
    """The training log as a picture: losses against the blind control's, and the looks at validation clips."""
    rows = [json.loads(line) for line in open(log_path)]
    steps, looks = [r for r in rows if r["kind"] == "step"], [r for r in rows if r["kind"] == "look"]
    figure, axes = plt.subplots(1, 3, figsize=(15, 4))
    for key in ("seen_hazard", "blind_hazard"):
        axes[0].plot([r["windows"] for r in steps], [r[key] for r in steps], label=key, lw=0.8)
    axes[0].set_title("hazard loss"), axes[0].legend(), axes[0].set_xlabel("windows")
    for key in ("now", "occupancy", "scales", "ego"):
        axes[1].plot([r["windows"] for r in steps], [r[key] for r in steps], label=key, lw=0.8)
    axes[1].set_title("perception losses"), axes[1].legend(), axes[1].set_xlabel("windows")
    for key in ("iou_now", "iou_masked", "ap_2s", "ap_blind_2s", "ap_masked_2s", "ap_velocity_2s"):
        axes[2].plot([r["windows"] for r in looks], [r.get(key) or float("nan") for r in looks], "o-", label=key, ms=3)
    axes[2].set_title("validation"), axes[2].legend(fontsize=7), axes[2].set_xlabel("windows")
    figure.tight_layout()
    figure.savefig(out, dpi=80)
    plt.close(figure)
