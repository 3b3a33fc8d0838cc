#!/usr/bin/env node
// The world model in onnxruntime-node, its three graphs one after the other: paced at the model's rate, then back to back. One line of JSON.
//   onnx_paced.js MODEL_FOLDER CAMERAS MANOEUVRES THREADS RATE_HZ SECONDS
const path = require("path");
const fs = require("fs");
const ort = require(path.join(__dirname, "..", "npm", "node_modules", "onnxruntime-node"));
if (process.argv[2] === "--check") process.exit(0);
const folder = process.argv[2];
const [cameras, manoeuvres, threads, rate, seconds] = process.argv.slice(3).map(Number);
const settle = 20;
const manifest = JSON.parse(fs.readFileSync(path.join(folder, "model.json")));
const sizes = { N: cameras, B: 1, C: cameras, A: manoeuvres };
const inputs = {};
const names = {};
for (const tensor of manifest.tensors) {
  const shape = tensor.shape.map((size) => sizes[size] ?? size);
  const length = shape.reduce((all, size) => all * size, 1);
  ((names[tensor.graph] ??= {})[tensor.kind] ??= []).push(tensor.name);
  if (tensor.kind !== "input") continue;
  const data = tensor.type === "uint8" ? Uint8Array.from({ length }, (_, i) => (i * 7919) % 256) : new Float32Array(length).fill(tensor.name === "camera_mask" ? 1 : 0.1);
  (inputs[tensor.graph] ??= {})[tensor.name] = new ort.Tensor(tensor.type, data, shape);
}
const options = { intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: "sequential", graphOptimizationLevel: "all" };
const milliseconds = () => Number(process.hrtime.bigint()) / 1e6;
const cpuMs = () => { const used = process.cpuUsage(); return (used.user + used.system) / 1000; };
(async () => {
  const sessions = {};
  for (const graph of Object.keys(names)) sessions[graph] = await ort.InferenceSession.create(path.join(folder, `${graph}.onnx`), options);
  const tick = async () => {
    const { features } = await sessions.encoder.run(inputs.encoder);
    const features5 = new ort.Tensor("float32", features.data, [1, cameras, ...features.dims.slice(1)]);
    const remembered = await sessions.memory.run({ ...inputs.memory, features: features5 });
    await sessions.predictor.run({ ...inputs.predictor, state: remembered.next_state });
    inputs.memory.state = remembered.next_state;
  };
  for (let i = 0; i < settle; i++) await tick();
  const took = [];
  const ticks = Math.round(rate * seconds);
  const start = milliseconds();
  const cpuPaced = cpuMs();
  for (let i = 0; i < ticks; i++) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, start + (i * 1000) / rate - milliseconds())));
    const began = milliseconds();
    await tick();
    took.push(milliseconds() - began);
  }
  const paced = (cpuMs() - cpuPaced) / ticks;
  const cpuPure = cpuMs();
  for (let i = 0; i < ticks; i++) await tick();
  const pure = (cpuMs() - cpuPure) / ticks;
  took.sort((a, b) => a - b);
  console.log(JSON.stringify({ p50_ms: took[ticks >> 1], p99_ms: took[Math.floor(0.99 * (ticks - 1))], cpu_paced_ms: paced, cpu_pure_ms: pure }));
})();
