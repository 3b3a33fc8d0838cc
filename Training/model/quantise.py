"""A trial of int8: `cd Training && python3 -m model.quantise MODEL --data DATA/clips --out DIR`. Static QDQ versions of a model folder's graphs, made with the
`onnx` package alone: weights int8 a channel, activations uint8 in the ranges that validation clips give. They are run by onnxruntime-node
(ONNXRUNTIME_NODE names the folder that holds node_modules) beside the graphs they come from: time, outputs, and what the figures lose. Nothing of it is shipped."""

import argparse
import json
import os
import struct
import subprocess
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from . import contract as c
from . import figures as f
from .blind import Blind
from .layers import Size
from .records import choose, collect
from .variants import FULL

GRAPHS = ("encoder", "memory", "predictor")
DRAWS = 300
LESS_IS_BETTER = ("brier_",)
TAIL = 1e-4  # of a tensor's values in a call may lie beyond its range at either end
SERVER = r"""
const o = require('onnxruntime-node'), fs = require('fs');
const kinds = {uint8: Uint8Array, float32: Float32Array};
const read = n => { const b = Buffer.alloc(n); let at = 0;
  while (at < n) { let k = 0; try { k = fs.readSync(0, b, at, n - at); } catch (e) { if (e.code != 'EAGAIN') throw e; continue; } if (!k) process.exit(0); at += k; } return b; };
const write = b => { let at = 0; while (at < b.length) { try { at += fs.writeSync(1, b, at); } catch (e) { if (e.code != 'EAGAIN') throw e; } } };
(async () => {
  const sessions = [];
  for (const path of process.argv.slice(1)) sessions.push(await o.InferenceSession.create(path, {intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: 'sequential', graphOptimizationLevel: 'all'}));
  for (;;) {
    const ask = JSON.parse(read(read(4).readUInt32LE(0))), feeds = {};
    for (const t of ask.in) { const b = read(t.bytes); feeds[t.name] = new o.Tensor(t.type, new kinds[t.type](b.buffer.slice(b.byteOffset, b.byteOffset + t.bytes)), t.dims); }
    const wall = ask.sessions.map(() => []), cpu = ask.sessions.map(() => []); let out = {};
    for (let n = 0; n < ask.repeats; n++) for (let k = 0; k < ask.sessions.length; k++) {
      const c0 = process.cpuUsage(), t0 = process.hrtime.bigint(); out = await sessions[ask.sessions[k]].run(feeds);
      wall[k].push(Number(process.hrtime.bigint() - t0) / 1e6); const u = process.cpuUsage(c0); cpu[k].push((u.user + u.system) / 1e3); }
    const bodies = [], rows = [];
    for (const name in out) { const d = out[name].data, b = Buffer.from(d.buffer, d.byteOffset, d.byteLength); bodies.push(b); rows.push({name, dims: out[name].dims, bytes: b.length}); }
    const head = Buffer.from(JSON.stringify({out: rows, wall, cpu})), size = Buffer.alloc(4); size.writeUInt32LE(head.length, 0);
    write(size); write(head); bodies.forEach(write);
  }
})().catch(e => { console.error(String(e)); process.exit(1); });
"""


class Runtime:
    """Sessions of onnxruntime-node, one thread each, fed through a pipe."""

    def __init__(self, *paths):
        modules = os.environ.get("ONNXRUNTIME_NODE")
        if not modules:
            raise FileNotFoundError("ONNXRUNTIME_NODE is not set: the folder that holds node_modules with onnxruntime-node")
        self.process = subprocess.Popen(["node", "-e", SERVER, *(str(Path(p).resolve()) for p in paths)], cwd=modules, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, inputs, sessions=(0,), repeats=1):
        inputs = {k: np.ascontiguousarray(v) for k, v in inputs.items()}
        head = json.dumps({"sessions": list(sessions), "repeats": repeats, "in": [{"name": k, "type": v.dtype.name, "dims": v.shape, "bytes": v.nbytes} for k, v in inputs.items()]}).encode()
        pipe = self.process.stdin
        pipe.write(struct.pack("<I", len(head)) + head)
        for value in inputs.values():
            pipe.write(value.tobytes())
        pipe.flush()
        answer = json.loads(self._read(struct.unpack("<I", self._read(4))[0]))
        outputs = {t["name"]: np.frombuffer(self._read(t["bytes"]), np.float32).reshape(t["dims"]) for t in answer["out"]}
        return outputs, answer

    def _read(self, count):
        data = self.process.stdout.read(count)
        if len(data) != count:
            raise RuntimeError("onnxruntime-node ended; its error stands above")
        return data

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class Graphs:
    """A model folder's graphs in the place of the torch model, for the runs that the figures come from. Some calls' inputs are kept."""

    def __init__(self, paths, tensors, size, keep_every=0):
        self.paths, self.tensors, self.size, self.keep_every = paths, tensors, size, keep_every
        self.runtimes = {name: Runtime(path) for name, path in paths.items()}
        self.calls, self.kept = dict.fromkeys(paths, 0), {name: [] for name in paths}

    def eval(self):
        return self

    def initial_state(self, batch):
        return torch.zeros(batch, self.size.state, *c.GRID_SIZE)

    def names(self, graph, kind):
        return [t["name"] for t in self.tensors if t["graph"] == graph and t["kind"] == kind]

    def run(self, graph, *values):
        inputs = {name: v.numpy() for name, v in zip(self.names(graph, "input"), values)}
        if self.keep_every and self.calls[graph] % self.keep_every == 0:
            self.kept[graph].append(inputs)
        self.calls[graph] += 1
        outputs = self.runtimes[graph].ask(inputs)[0]
        out = tuple(torch.from_numpy(outputs[name].copy()) for name in self.names(graph, "output"))
        return out if len(out) > 1 else out[0]

    def encoder(self, *values):
        return self.run("encoder", *values)

    def memory(self, *values):
        return self.run("memory", *values)

    def predictor(self, *values):
        return self.run("predictor", *values)

    def close(self):
        for runtime in self.runtimes.values():
            runtime.close()


class Plan:
    """Which nodes of a graph compute in int8, and which tensors that takes: every convolution that a ReLU or a sum follows, and such sums. Heads, whose
    outputs are read as they are, stay."""

    def __init__(self, graph):
        self.weights = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
        self.readers = {}
        for node in graph.node:
            for name in node.input:
                self.readers.setdefault(name, []).append(node)
        self.makers = {name: node for node in graph.node for name in node.output}
        outputs = {o.name for o in graph.output}
        self.convolutions, self.sums, inputs, self.results = [], [], [], []
        for node in graph.node:
            if node.op_type == "Conv" and node.input[1] in self.weights and (self.followed(node, "Relu") or self.followed(node, "Add")):
                self.convolutions.append(node)
                inputs.append(node.input[0])
                self.results.append(self.result(node))
        for node in graph.node:
            if node.op_type == "Add" and self.followed(node, "Relu") and any(name in self.results for name in node.input) and not any(name in self.weights for name in node.input):
                self.sums.append(node)
                inputs.extend(node.input)
                self.results.append(self.result(node))
        self.tensors = [t for t in dict.fromkeys(inputs + self.results) if t not in outputs]

    def followed(self, node, kind):
        return any(reader.op_type == kind for reader in self.readers.get(node.output[0], []))

    def result(self, node):
        """The tensor that is rounded after it: behind the ReLU, where that alone reads it."""
        readers = self.readers[node.output[0]]
        return readers[0].output[0] if len(readers) == 1 and readers[0].op_type == "Relu" else node.output[0]


def ranges(path, plan, calls, scratch):
    """The least and the greatest value of each of the plan's tensors over the calls' inputs, but for the tails."""
    model = onnx.load(str(path))
    made = [t for t in plan.tensors if t in plan.makers]
    model.graph.output.extend(helper.make_tensor_value_info(t, TensorProto.FLOAT, None) for t in made if t not in {o.name for o in model.graph.output})
    onnx.save(model, str(scratch))
    runtime, low, high = Runtime(scratch), {}, {}
    for inputs in calls:
        outputs = runtime.ask(inputs)[0]
        for name in plan.tensors:
            a, b = np.quantile(outputs[name] if name in outputs else inputs[name], [TAIL, 1 - TAIL])
            low[name], high[name] = min(low.get(name, 0.0), a), max(high.get(name, 0.0), b)
    runtime.close()
    Path(scratch).unlink()
    return {t: (low[t], high[t]) for t in plan.tensors}


def scale_and_zero(low, high):
    """uint8: value = (q - zero) * scale; 0 is always a whole number."""
    low, high = min(low, 0.0), max(high, low + 1e-6, 1e-6)
    scale = (high - low) / 255
    return np.float32(scale), np.uint8(np.clip(round(-low / scale), 0, 255))


def quantise(path, out, plan, found):
    """Writes the int8 version of the graph. found: the tensors' ranges."""
    model = onnx.load(str(path))
    graph, added, scales = model.graph, [], {}
    constant = lambda name, value: graph.initializer.append(numpy_helper.from_array(np.asarray(value), name)) or name
    for name in plan.tensors:
        scale, zero = scale_and_zero(*found[name])
        scales[name] = scale
        s, z = constant(f"{name}/scale", scale), constant(f"{name}/zero", zero)
        added += [helper.make_node("QuantizeLinear", [name, s, z], [f"{name}/q"]), helper.make_node("DequantizeLinear", [f"{name}/q", s, z], [f"{name}/dq"])]
    chosen = {n.name for n in plan.convolutions + plan.sums}
    for node in graph.node:
        for i, name in enumerate(node.input):
            if name in scales and (node.name in chosen or name in plan.results):
                node.input[i] = f"{name}/dq"
        if node.name not in chosen or node.op_type != "Conv":
            continue
        weight = plan.weights[node.input[1]]
        scale = np.maximum(np.abs(weight).reshape(len(weight), -1).max(1), 1e-8).astype(np.float32) / 127
        whole = np.clip(np.round(weight / scale.reshape(-1, 1, 1, 1)), -127, 127).astype(np.int8)
        own = node.input[1]
        added.append(helper.make_node("DequantizeLinear", [constant(f"{node.name}/weight", whole), constant(f"{node.name}/weight/scale", scale), constant(f"{node.name}/weight/zero", np.zeros(len(scale), np.int8))],
                                      [f"{node.name}/weight/dq"], axis=0))
        node.input[1] = f"{node.name}/weight/dq"
        if len(node.input) > 2 and node.input[2] in plan.weights:
            step = scale * scales[node.input[0].removesuffix("/dq")]
            bias = np.round(plan.weights[node.input[2]] / step).astype(np.int32)
            added.append(helper.make_node("DequantizeLinear", [constant(f"{node.name}/bias", bias), constant(f"{node.name}/bias/scale", step), constant(f"{node.name}/bias/zero", np.zeros(len(step), np.int32))],
                                          [f"{node.name}/bias/dq"], axis=0))
            node.input[2] = f"{node.name}/bias/dq"
    used = {name for node in [*graph.node, *added] for name in node.input}
    kept = [i for i in graph.initializer if i.name in used]
    nodes = in_order([*graph.node, *added], {i.name for i in kept} | {i.name for i in graph.input})
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, str(out))


def in_order(nodes, known):
    """Nodes so that each stands after those it reads."""
    makers = {name: n for n, node in enumerate(nodes) for name in node.output}
    out, state = [], {}
    for first in range(len(nodes)):
        stack = [first]
        while stack:
            n = stack[-1]
            if state.get(n) == "done":
                stack.pop()
                continue
            waiting = [makers[name] for name in nodes[n].input if name and name not in known and state.get(makers[name]) != "done"]
            if waiting:
                stack.extend(waiting)
            else:
                state[n] = "done"
                out.append(nodes[n])
                stack.pop()
    return out


def figures_of(runs):
    """runs: {"natural", "enriched": records.collect's result} -> the gates' figures that such a sample has: {name: (value, [draws])}; the draws of two models are of the same clips."""
    out = {}
    maps = runs["natural"][1]
    weights = f.clip_weights(np.arange(len(maps["now_full"])), DRAWS)

    def iou(counts):
        at = f.best_threshold(counts)[0]
        return f.iou(counts, at), f.iou(counts, at, weights)
    out["iou_now"] = iou(maps["now_full"])
    for level, h in enumerate(c.HORIZONS_S, 1):
        ours, held = iou(maps["forecast"][:, level]), iou(maps["persistence"][:, level])
        out[f"iou_{h:g}s"] = ours
        out[f"ratio_to_persistence_{h:g}s"] = ours[0] / max(held[0], 1e-9), ours[1] / np.maximum(held[1], 1e-9)
    for name, (records, _, _) in runs.items():
        weights = f.clip_weights(records["clip"], DRAWS)
        risk, hits = records["risk_full"], records["steps"][..., None] <= np.arange(c.K)
        for k in range(c.K):
            if hits[:, c.KEEP, k].any():
                given = risk[:, c.KEEP, k], hits[:, c.KEEP, k]
                out[f"ap_{name}_{c.HORIZONS_S[k]:g}s"] = f.average_precision(*given), f.average_precision(*given, weights)
        error = ((risk - hits) ** 2).mean((1, 2))
        out[f"brier_{name}"] = f.mean(error), f.mean(error, weights)
    return out


def lost(before, after, name):
    """The share of a figure that is lost, and its 95 % interval; below 0: gained."""
    sign = 1 if name.startswith(LESS_IS_BETTER) else -1
    change = [sign * (np.asarray(y) - x) / np.maximum(np.abs(x), 1e-9) for x, y in zip(before, after)]
    return float(change[0]), *f.interval(change[1])


def differences(exact, rough, calls, outputs):
    """For each output over the calls: the root of the mean squared difference, as a share of how much the output varies."""
    sums = {name: np.zeros(3) for name in outputs}
    runtime = Runtime(exact, rough)
    for inputs in calls:
        a, b = runtime.ask(inputs, (0,))[0], runtime.ask(inputs, (1,))[0]
        for name in outputs:
            x = a[name].astype(np.float64)
            sums[name] += [((x - b[name]) ** 2).mean(), x.mean(), (x * x).mean()]
    runtime.close()
    return {name: float(np.sqrt(s[0] / max(s[2] - s[1] ** 2 / len(calls), 1e-12))) for name, s in sums.items()}


def times(exact, rough, calls, repeats):
    """Medians of interleaved runs, one thread: wall and CPU milliseconds of both."""
    runtime = Runtime(exact, rough)
    runtime.ask(calls[0], (0, 1), 5)
    walls, cpus = [], []
    for inputs in calls:
        answer = runtime.ask(inputs, (0, 1), repeats)[1]
        walls.append(answer["wall"]), cpus.append(answer["cpu"])
    runtime.close()
    middle = lambda rows: [float(np.median(np.concatenate([r[k] for r in rows]))) for k in (0, 1)]
    return {"wall_ms": middle(walls), "cpu_ms": middle(cpus)}


def one_tick(inputs, graph):
    """A call's inputs cut down to one vehicle of six cameras."""
    return {k: v[:6] if graph == "encoder" else v[:1] for k, v in inputs.items()}


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="quantise", description=__doc__)
    parser.add_argument("folder", type=Path, help="the model folder")
    parser.add_argument("--data", type=Path, required=True, help="clips: ranges and figures are of its validation/")
    parser.add_argument("--out", type=Path, required=True, help="where the int8 graphs and quantise.json go")
    parser.add_argument("--clips", type=int, default=24, help="of each part, for the figures")
    parser.add_argument("--ranges", type=int, default=8, help="other clips, for the ranges")
    parser.add_argument("--alone", nargs="*", default=[], choices=GRAPHS, help="graphs whose figures are measured alone in int8 too")
    parser.add_argument("--repeats", type=int, default=20)
    o = parser.parse_args(arguments)
    o.out.mkdir(parents=True, exist_ok=True)
    manifest, content = json.loads((o.folder / "model.json").read_text()), torch.load(o.folder / "weights.pt", map_location="cpu")
    size, blind = Size(**content["size"]), Blind()
    blind.load_state_dict(content["blind"])
    exact = {name: o.folder / f"{name}.onnx" for name in GRAPHS}
    paths = {name: choose(o.data, "validation", o.clips + o.ranges, name == "enriched") for name in ("natural", "enriched")}
    for_ranges = [p for part in paths.values() for p in part[::len(part) // max(1, min(o.ranges, len(part) // 2))][:o.ranges]]
    paths = {name: [p for p in part if p not in for_ranges] for name, part in paths.items()}

    first = Graphs(exact, manifest["tensors"], size, keep_every=7)
    collect(first, blind, for_ranges, (FULL,), what="ranges")
    first.close()
    told = {"graphs": {}, "figures": {}, "clips": {k: len(v) for k, v in paths.items()}}
    rough = {}
    for name in GRAPHS:
        rough[name] = o.out / f"{name}.onnx"
        plan = Plan(onnx.load(str(exact[name])).graph)
        quantise(exact[name], rough[name], plan, ranges(exact[name], plan, first.kept[name], o.out / "ranges.onnx"))
        timed = times(exact[name], rough[name], [one_tick(i, name) for i in first.kept[name][:4]], o.repeats)
        told["graphs"][name] = {"convolutions": len(plan.convolutions), "sums": len(plan.sums), **timed, "difference": differences(exact[name], rough[name], first.kept[name], first.names(name, "output"))}
        print(f"quantise: {name}: {len(plan.convolutions)} convolutions and {len(plan.sums)} sums in int8; ms of wall {timed['wall_ms'][0]:.2f} -> {timed['wall_ms'][1]:.2f}, of CPU {timed['cpu_ms'][0]:.2f} -> {timed['cpu_ms'][1]:.2f} "
              f"({timed['cpu_ms'][1] / timed['cpu_ms'][0]:.2f}); outputs differ by {', '.join(f'{k} {v:.3f}' for k, v in told['graphs'][name]['difference'].items())} of their spread", flush=True)
    figures = {}
    for name, which in {"fp32": (), **{g: (g,) for g in o.alone}, "all": GRAPHS}.items():
        model = Graphs({g: rough[g] if g in which else exact[g] for g in GRAPHS}, manifest["tensors"], size)
        figures[name] = figures_of({part: collect(model, blind, chosen, (FULL,), what=f"{name}, {part}") for part, chosen in paths.items()})
        model.close()
        told["figures"] = {k: {"fp32": v[0], **{n: lost(v, figures[n][k], k) for n in figures if n != "fp32"}} for k, v in figures["fp32"].items()}
        (o.out / "quantise.json").write_text(json.dumps(told, indent=1) + "\n")
    names = [n for n in figures if n != "fp32"]
    print("\n".join(["| figure | fp32 | " + " | ".join(f"lost with {n} in int8" for n in names) + " |", "|---" * (2 + len(names)) + "|"]))
    for figure, row in told["figures"].items():
        print(f"| {figure} | {row['fp32']:.4f} | " + " | ".join(f"{row[n][0]:+.1%} ({row[n][1]:+.1%} to {row[n][2]:+.1%})" for n in names) + " |")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
