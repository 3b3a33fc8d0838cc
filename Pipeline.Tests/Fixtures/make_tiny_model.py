#!/usr/bin/python3
"""Writes tiny-model/: a world model of hand-written arithmetic in the layout of a real one, for tests. Nothing in it is learned.

Needs Debian's python3-onnx. The same bytes come out on every run. F=4, S=4, D=2, E=4, K=5, Z=2; the picture is 128x64, the grid 48x32.

encoder     features[n,f,y,x] = mean over a 4x4 block of the picture of B, G, R (f = 0, 1, 2) and of their mean (f = 3), in 0..1

memory      w[c,z,x,y]   = lift_valid[c,z,x,y] * camera_mask[c]
            lifted[f,x,y] = sum_cz(w * features[c,f] sampled at lift[c,z,x,y]) / max(1, sum_cz w)
            age          = sum over used cameras of camera_age_s (the age of a masked camera is not read)
            extra        = sum_i 0.001 (i+1) ego_motion[i] + 0.01 elapsed_s + 0.001 age
            next_state   = 0.5 state + 0.5 lifted + (extra on channel 3) + poison
            poison       = 0, but NaN in every cell where age is NaN or above about 34 s (1e37 age overflows; infinity - infinity)
            observed     = mean of next_state[0..1] over 4x4 cells, [2,12,8]
            descriptor   = mean of next_state over the grid, [4]
            ego_estimate = 10 descriptor[0], descriptor[1], descriptor[2]

predictor   m            = mean of state[0] over the grid
            hazard[a,k]  = -6 + 12 m + 0.25 acceleration[a,k] + 2 curvature[a,k] + (0.05, 0.1, 0.02).ego + (0.01, 0.02, 0.03).footprint
            occupancy[j,c,x,y] = -4 + 8 state[c,x,y] - 0.5 j,   j = 0 (now) to 5
            latents[k]   = (mean of state[0..1] over 4x4 cells) + 0.1 acceleration[0,k] + curvature[0,k]

A negative elapsed_s makes memory fail in the runtime, a negative vehicle length makes predictor fail (an index out of range).

So blue pictures, seen for some ticks, are a collision course; black ones are calm; a standing scene without acceleration is no surprise.
"""
import hashlib
import json
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

F, S, D, E, K, Z, X, Y = 4, 4, 2, 4, 5, 2, 48, 32
FLOAT, UINT8 = TensorProto.FLOAT, TensorProto.UINT8
HORIZONS_S = [0.5, 1, 2, 3, 4]


class Graph:
    """Collects nodes; every call gives back the name of its one output."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def __call__(self, op, *inputs, name=None, **attributes):
        names = [i if isinstance(i, str) else self.constant(i) for i in inputs]
        name = name or f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, names, [name], name=f"node_{name}", **attributes))
        return name

    def constant(self, value):
        array = np.asarray(value)
        array = array.astype(np.int64 if array.dtype.kind == "i" else np.float32)
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def bytes(self, name, tensors):
        values = {kind: [helper.make_tensor_value_info(t[1], t[3], t[4]) for t in tensors if t[0] == name and t[2] == kind]
                  for kind in ("input", "output")}
        graph = helper.make_graph(self.nodes, name, values["input"], values["output"], self.constants)
        model = helper.make_model(graph, producer_name="make_tiny_model", opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model, full_check=True)
        return model.SerializeToString()


TENSORS = [
    ("encoder", "images", "input", UINT8, ["N", 64, 128, 3]),
    ("encoder", "features", "output", FLOAT, ["N", F, 16, 32]),
    ("memory", "features", "input", FLOAT, ["B", "C", F, 16, 32]),
    ("memory", "lift", "input", FLOAT, ["B", "C", Z, X, Y, 2]),
    ("memory", "lift_valid", "input", FLOAT, ["B", "C", Z, X, Y]),
    ("memory", "camera_mask", "input", FLOAT, ["B", "C"]),
    ("memory", "camera_age_s", "input", FLOAT, ["B", "C"]),
    ("memory", "ego_motion", "input", FLOAT, ["B", 6]),
    ("memory", "elapsed_s", "input", FLOAT, ["B", 1]),
    ("memory", "state", "input", FLOAT, ["B", S, X, Y]),
    ("memory", "next_state", "output", FLOAT, ["B", S, X, Y]),
    ("memory", "observed", "output", FLOAT, ["B", D, X // 4, Y // 4]),
    ("memory", "descriptor", "output", FLOAT, ["B", E]),
    ("memory", "ego_estimate", "output", FLOAT, ["B", 3]),
    ("predictor", "state", "input", FLOAT, ["B", S, X, Y]),
    ("predictor", "ego", "input", FLOAT, ["B", 3]),
    ("predictor", "footprint", "input", FLOAT, ["B", 3]),
    ("predictor", "manoeuvres", "input", FLOAT, ["B", "A", K, 2]),
    ("predictor", "latents", "output", FLOAT, ["B", K, D, X // 4, Y // 4]),
    ("predictor", "occupancy_logits", "output", FLOAT, ["B", 1 + K, 3, X, Y]),
    ("predictor", "hazard_logits", "output", FLOAT, ["B", "A", K]),
]


def encoder():
    g = Graph()
    levels = g("Mul", g("Cast", "images", to=FLOAT), 1 / 255)                                                 # [N,64,128,3]
    blocks = g("AveragePool", g("Transpose", levels, perm=[0, 3, 1, 2]), kernel_shape=[4, 4], strides=[4, 4])  # [N,3,16,32]
    grey = g("ReduceMean", blocks, axes=[1], keepdims=1)                                                      # [N,1,16,32]
    g("Concat", blocks, grey, name="features", axis=1)                                                        # [N,4,16,32]
    return g.bytes("encoder", TENSORS)


def memory():
    g = Graph()
    pictures = g("Reshape", "features", [-1, F, 16, 32])                                                      # [B*C,F,16,32]
    places = g("Reshape", "lift", [-1, Z * X, Y, 2])                                                          # [B*C,Z*X,Y,2]
    sampled = g("GridSample", pictures, places, mode="bilinear", padding_mode="zeros", align_corners=0)       # [B*C,F,Z*X,Y]
    cameras = g("Slice", g("Shape", "features"), [0], [2])                                                    # [2] = B, C
    sampled = g("Reshape", sampled, g("Concat", cameras, [F, Z, X, Y], axis=0))                               # [B,C,F,Z,X,Y]
    used = g("Unsqueeze", "camera_mask", [2, 3, 4])                                                           # [B,C,1,1,1]
    weight = g("Unsqueeze", g("Mul", "lift_valid", used), [2])                                                # [B,C,1,Z,X,Y]
    total = g("Max", g("ReduceSum", weight, [1, 3], keepdims=0), [1.0])                                       # [B,1,X,Y]
    lifted = g("Div", g("ReduceSum", g("Mul", sampled, weight), [1, 3], keepdims=0), total)                   # [B,F,X,Y]

    ages = g("Where", g("Greater", "camera_mask", 0.0), "camera_age_s", 0.0)                                  # [B,C]
    age = g("ReduceSum", ages, [1], keepdims=1)                                                               # [B,1]
    motion = g("MatMul", "ego_motion", [[0.001 * (i + 1)] for i in range(6)])                                 # [B,1]
    extra = g("Sum", motion, g("Mul", "elapsed_s", 0.01), g("Mul", age, 0.001))                               # [B,1]
    extra = g("Add", extra, failing_if_negative(g, g("Gather", "elapsed_s", 0, axis=1)))                      # [B,1]
    extra = g("Mul", g("Unsqueeze", extra, [2, 3]), [[[0.0]], [[0.0]], [[0.0]], [[1.0]]])                     # [B,4,1,1]
    large = g("Mul", age, 1e37)                                                                               # [B,1]
    poison = g("Unsqueeze", g("Sub", large, large), [2, 3])                                                   # [B,1,1,1]

    g("Sum", g("Mul", "state", 0.5), g("Mul", lifted, 0.5), extra, poison, name="next_state")                 # [B,S,X,Y]
    pooled(g, "next_state", name="observed")                                                                  # [B,D,12,8]
    g("ReduceMean", "next_state", name="descriptor", axes=[2, 3], keepdims=0)                                 # [B,E]
    g("Mul", g("Slice", "descriptor", [0], [3], [1]), [10.0, 1.0, 1.0], name="ego_estimate")                  # [B,3]
    return g.bytes("memory", TENSORS)


def predictor():
    g = Graph()
    mean = g("ReduceMean", g("Slice", "state", [0], [1], [1]), axes=[1, 2, 3], keepdims=0)                    # [B]
    vehicle = g("Add", g("MatMul", "ego", [0.05, 0.1, 0.02]), g("MatMul", "footprint", [0.01, 0.02, 0.03]))   # [B]
    failing = g("Squeeze", failing_if_negative(g, g("Gather", "footprint", 0, axis=1)), [1])                  # [B]
    base = g("Add", g("Sum", g("Mul", mean, 12.0), vehicle, failing), -6.0)                                   # [B]
    g("Add", g("MatMul", "manoeuvres", [0.25, 2.0]), g("Unsqueeze", base, [1, 2]), name="hazard_logits")      # [B,A,K]

    classes = g("Unsqueeze", g("Slice", "state", [0], [3], [1]), [1])                                         # [B,1,3,X,Y]
    later = np.array([-4 - 0.5 * j for j in range(1 + K)]).reshape(1, 1 + K, 1, 1, 1)
    g("Add", g("Mul", classes, 8.0), later, name="occupancy_logits")                                          # [B,1+K,3,X,Y]

    intended = g("Gather", "manoeuvres", 0, axis=1)                                                           # [B,K,2]
    shift = g("Unsqueeze", g("MatMul", intended, [0.1, 1.0]), [2, 3, 4])                                      # [B,K,1,1,1]
    g("Add", g("Unsqueeze", pooled(g, "state"), [1]), shift, name="latents")                                  # [B,K,D,12,8]
    return g.bytes("predictor", TENSORS)


def failing_if_negative(g, value):
    """0 for each value of [B] that is not negative, [B,1]; the runtime refuses a negative one."""
    return g("Gather", [0.0], g("Cast", g("Less", g("Unsqueeze", value, [1]), 0.0), to=TensorProto.INT64), axis=0)


def pooled(g, state, name=None):
    return g("AveragePool", g("Slice", state, [0], [D], [1]), name=name, kernel_shape=[4, 4], strides=[4, 4])


def candidates():
    def candidate(name, acceleration, lateral=0):
        return {"name": name, "acceleration_mps2": acceleration, "lateral_mps2": lateral if lateral else [0] * K}

    lane, hard = [1.5, 1.5, -1.5, -1.5, 0], [4, 4, -4, -4, 0]
    mirror = lambda values: [-v for v in values]
    return [{"name": "intended"}, candidate("keep", 0), candidate("coast", -1), candidate("brake_soft", -2), candidate("brake", -4),
            candidate("brake_hard", -6), candidate("brake_full", -8), candidate("accelerate", 1.5), candidate("accelerate_hard", 3),
            candidate("left", 0, lane), candidate("right", 0, mirror(lane)), candidate("left_brake", -4, lane),
            candidate("right_brake", -4, mirror(lane)), candidate("left_hard", 0, hard), candidate("right_hard", 0, mirror(hard)),
            candidate("brake_then_accelerate", [-4, -4, 0, 1.5, 1.5])]


def manifest(files):
    def same(horizons):
        return [{"horizon_s": h, "scale": 1.0, "bias": 0.0} for h in horizons]

    return {
        "schema": "forecast.model/1", "name": "tiny", "version": "0.1.0", "licence": "Apache-2.0",
        "files": {name: {"path": f"{name}.onnx", "sha256": hashlib.sha256(data).hexdigest()} for name, data in files.items()},
        "trained_on": "nothing: arithmetic written by hand for tests", "calibration_domain": "tiny-model/1",
        "camera_input": {"width_px": 128, "height_px": 64, "layout": "NHWC", "channels": "BGR"},
        "cameras": {"min": 1, "max": 6}, "tick_period_s": 0.1, "largest_gap_s": 0.7, "history_s": 1.0, "horizons_s": HORIZONS_S,
        "manoeuvres": {"parametrisation": "acceleration_mps2,curvature_1pm per horizon step",
                       "collision_definition": "footprint-overlap-v1: overlap of the ego rectangle with another road user's box, "
                                               "others as recorded, not reacting",
                       "candidates": candidates(), "rung8": [0, 2, 3, 4, 5, 6, 9, 10]},
        "grid": {"origin_m": [-24, -32], "resolution_m": 2, "size": [X, Y], "frame": "ISO 8855, ego rear axle",
                 "lift_heights_m": [0.2, 1.0]},
        "occupancy_classes": ["vehicle", "cycle", "person"],
        "tensors": [{"graph": g, "name": n, "kind": k, "type": "uint8" if t == UINT8 else "float32", "shape": s}
                    for g, n, k, t, s in TENSORS],
        "initial_state": "zeros",
        "cost_table_ms": [{"batch": 1, "manoeuvres": a, "ms": ms} for a, ms in ((16, 10), (8, 8), (1, 6))],
        "calibration": {"risk": same(HORIZONS_S), "occupancy": same([0] + HORIZONS_S),
                        "upper_bound": {"method": "none: invented for tests", "alpha": 0.1, "n": 100, "per_horizon":
                                        [{"horizon_s": h, "edges": [0.1, 0.5], "bounds": [0.2, 0.6, 1.0]} for h in HORIZONS_S]}},
        "levels": {"horizon_s": 2.0, "elevated": {"rise": 0.2, "fall": 0.1}, "high": {"rise": 0.5, "fall": 0.3}, "alarm": {"m": 3, "n": 5}},
        "skill": {"date": "2026-11-22", "commit": "none", "split": "none", "clips": 0, "figures": []},
    }


def main():
    folder = pathlib.Path(__file__).parent / "tiny-model"
    folder.mkdir(exist_ok=True)
    files = {"encoder": encoder(), "memory": memory(), "predictor": predictor()}
    for name, data in files.items():
        (folder / f"{name}.onnx").write_bytes(data)
    (folder / "model.json").write_text(json.dumps(manifest(files), indent=1) + "\n")


if __name__ == "__main__":
    main()
