"""A trained run -> the model folder: encoder.onnx, memory.onnx, predictor.onnx and model.json (ARCHITECTURE.md, the model's contract)."""

import argparse
import hashlib
import json
import time
from dataclasses import asdict
from pathlib import Path

import torch

from drives import profiles

from . import contract as c

OPSET = 17
DOMAIN = "forecast-sim/1"


def tensors(size):
    """graph, name, kind, type, shape: what C# checks on loading."""
    x, y = c.GRID_SIZE
    z, k = len(c.LIFT_HEIGHTS_M), c.K
    h, w = c.FEATURE_SIZE
    f, s, d, e = size.features, size.state, size.observed, size.descriptor
    rows = [
        ("encoder", "images", "input", "uint8", ["N", c.PICTURE_HEIGHT_PX, c.PICTURE_WIDTH_PX, 3]),
        ("encoder", "features", "output", "float32", ["N", f, h, w]),
        ("memory", "features", "input", "float32", ["B", "C", f, h, w]),
        ("memory", "lift", "input", "float32", ["B", "C", z, x, y, 2]),
        ("memory", "lift_valid", "input", "float32", ["B", "C", z, x, y]),
        ("memory", "camera_mask", "input", "float32", ["B", "C"]),
        ("memory", "camera_age_s", "input", "float32", ["B", "C"]),
        ("memory", "ego_motion", "input", "float32", ["B", 6]),
        ("memory", "elapsed_s", "input", "float32", ["B", 1]),
        ("memory", "state", "input", "float32", ["B", s, x, y]),
        ("memory", "next_state", "output", "float32", ["B", s, x, y]),
        ("memory", "observed", "output", "float32", ["B", d, x // 2, y // 2]),
        ("memory", "descriptor", "output", "float32", ["B", e]),
        ("memory", "ego_estimate", "output", "float32", ["B", 3]),
        ("memory", "ego_agreement", "output", "float32", ["B", 1]),
        ("predictor", "state", "input", "float32", ["B", s, x, y]),
        ("predictor", "ego", "input", "float32", ["B", 3]),
        ("predictor", "footprint", "input", "float32", ["B", 3]),
        ("predictor", "manoeuvres", "input", "float32", ["B", "A", k, 2]),
        ("predictor", "latents", "output", "float32", ["B", k, d, x // 2, y // 2]),
        ("predictor", "occupancy_logits", "output", "float32", ["B", 1 + k, 3, x, y]),
        ("predictor", "hazard_logits", "output", "float32", ["B", "A", k]),
    ]
    return [dict(zip(("graph", "name", "kind", "type", "shape"), row)) for row in rows]


EXAMPLE = {"N": 6, "B": 2, "C": 3, "A": 4}


def example_inputs(graph, size, seed=0):
    """Random inputs of the contract's shapes, for tracing and for the agreement test."""
    generator = torch.Generator().manual_seed(seed)
    inputs = {}
    for t in tensors(size):
        if t["graph"] != graph or t["kind"] != "input":
            continue
        shape = [EXAMPLE.get(n, n) for n in t["shape"]]
        if t["type"] == "uint8":
            inputs[t["name"]] = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
        elif t["name"] == "lift":
            inputs["lift"] = torch.rand(shape, generator=generator) * 3 - 1.5
        elif t["name"] in ("lift_valid", "camera_mask"):
            inputs[t["name"]] = (torch.rand(shape, generator=generator) > 0.3).float()
        else:
            inputs[t["name"]] = torch.rand(shape, generator=generator)
    return inputs


def write_graph(module, graph, size, path):
    rows = [t for t in tensors(size) if t["graph"] == graph]
    inputs = example_inputs(graph, size)
    axes = {t["name"]: {i: n for i, n in enumerate(t["shape"]) if isinstance(n, str)} for t in rows}
    torch.onnx.export(module, tuple(inputs.values()), str(path), input_names=list(inputs), opset_version=OPSET,
                      output_names=[t["name"] for t in rows if t["kind"] == "output"], dynamic_axes=axes, do_constant_folding=True)
    import onnx
    model = onnx.load(str(path))
    model.doc_string = ""
    for node in model.graph.node:  # no paths of the machine that exported it
        node.doc_string = ""
    for declared in list(model.graph.input) + list(model.graph.output):
        shape = next(t["shape"] for t in rows if t["name"] == declared.name)
        for axis, value in zip(declared.type.tensor_type.shape.dim, shape):
            if isinstance(value, str):
                axis.dim_param = value
            else:
                axis.dim_value = value
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def manifest(size, out, trained_on, calibration=None, levels=None, cost_table_ms=None, skill=None):
    files = {}
    for name in ("encoder", "memory", "predictor"):
        content = (out / f"{name}.onnx").read_bytes()
        files[name] = {"path": f"{name}.onnx", "sha256": hashlib.sha256(content).hexdigest()}
    plain = [{"horizon_s": h, "scale": 1.0, "bias": 0.0} for h in c.HORIZONS_S]
    return {
        "schema": "forecast.model/1", "name": c.PROFILE.name, "version": c.PROFILE.version, "licence": "Apache-2.0", "files": files,
        "trained_on": trained_on, "calibration_domain": DOMAIN,
        "camera_input": {"width_px": c.PICTURE_WIDTH_PX, "height_px": c.PICTURE_HEIGHT_PX, "layout": "NHWC", "channels": "BGR"},
        "cameras": {"min": 1, "max": 6}, "tick_period_s": c.TICK_S, "largest_gap_s": c.LARGEST_GAP_S, "history_s": c.HISTORY_S,
        "horizons_s": list(c.HORIZONS_S),
        "manoeuvres": {"parametrisation": "acceleration_mps2,curvature_1pm per horizon step", "collision_definition": c.COLLISION_DEFINITION,
                       "candidates": list(c.CANDIDATES), "rung8": c.RUNG8},
        "grid": {"origin_m": list(c.GRID_ORIGIN_M), "resolution_m": c.GRID_RESOLUTION_M, "size": list(c.GRID_SIZE),
                 "frame": "ISO 8855, ego rear axle", "lift_heights_m": list(c.LIFT_HEIGHTS_M)},
        "occupancy_classes": list(c.CLASSES), "tensors": tensors(size), "initial_state": "zeros",
        "cost_table_ms": cost_table_ms or [{"batch": 1, "manoeuvres": n, "ms": ms} for n, ms in c.PROFILE.cost_table_ms],
        "calibration": calibration or {
            "risk": plain, "occupancy": [{"horizon_s": 0.0, "scale": 1.0, "bias": 0.0}] + plain,
            "upper_bound": {"method": "none: not calibrated", "alpha": 0.1, "n": 1,
                            "per_horizon": [{"horizon_s": h, "edges": [], "bounds": [1.0]} for h in c.HORIZONS_S]}},
        "levels": levels or {"horizon_s": 2.0, "elevated": {"rise": 0.15, "fall": 0.1}, "high": {"rise": 0.35, "fall": 0.25}, "alarm": {"m": 3, "n": 5}},
        "skill": skill or {"date": time.strftime("%Y-%m-%d"), "commit": "not measured", "split": "test", "clips": 0, "figures": []},
    }


def write_manifest(path, content):
    Path(path).write_text(json.dumps(content, indent=1) + "\n")


def export(model, out, trained_on, blind=None, **measured):
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    model.eval()
    for name in ("encoder", "memory", "predictor"):
        write_graph(getattr(model, name), name, model.size, out / f"{name}.onnx")
    if blind is not None:  # what `evaluate` needs: the same weights for torch, and the blind control trained beside them
        torch.save({"profile": c.PROFILE.name, "size": asdict(model.size), "smooth": model.state_dict(), "blind": blind.state_dict()}, out / "weights.pt")
    write_manifest(out / "model.json", manifest(model.size, out, trained_on, **measured))


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="export", description=__doc__)
    parser.add_argument("--run", required=True, help="the folder that `train` wrote")
    parser.add_argument("--out", required=True, help="the model folder to write, such as models/nano")
    parser.add_argument("--cost", default=",".join(f"{n}:{ms:g}" for n, ms in c.PROFILE.cost_table_ms), help="manoeuvres:milliseconds of all three graphs, six cameras, as measured on the machine that replays exactly")
    options = parser.parse_args(arguments)
    cost = [{"batch": 1, "manoeuvres": int(n), "ms": float(ms)} for n, ms in (pair.split(":") for pair in options.cost.split(","))]
    from .training import load_blind, load_weights, trained_on
    try:
        export(load_weights(options.run), options.out, trained_on(options.run), load_blind(options.run), cost_table_ms=cost)
    except profiles.Another as another:
        print(f"export: {another}")
        return 2
    print(f"export: {options.out} written; calibrate and measure it with `evaluate --model {options.out}`")
    return 0
