#!/usr/bin/env node
// From publish to receive with two clients of npm's mqtt in one process, QoS 0, one message at a time. One line of JSON.
//   mqtt_publish.js PORT BYTES RATE_HZ MESSAGES
const mqtt = require("mqtt");
if (process.argv[2] === "--check") process.exit(0);
const settle = 100;
const [port, size, rate, wanted] = process.argv.slice(2).map(Number);
const messages = wanted + settle;
const now = () => process.hrtime.bigint();
const took = [];
const options = { protocolVersion: 5 };
const receiver = mqtt.connect(`mqtt://127.0.0.1:${port}`, options);
const sender = mqtt.connect(`mqtt://127.0.0.1:${port}`, options);
receiver.on("message", (topic, payload) => took.push(Number(now() - BigInt(payload.subarray(0, 20).toString())) / 1e6));
const connected = (client) => new Promise((resolve) => client.once("connect", resolve));
Promise.all([connected(receiver), connected(sender)]).then(() => receiver.subscribe("peers/node", { qos: 0 }, () => {
  const rest = "x".repeat(size - 20);
  const start = Number(now());
  let number = 0;
  const next = () => {
    sender.publish("peers/node", now().toString().padStart(20, "0") + rest, { qos: 0 });
    if (++number < messages) return setTimeout(next, Math.max(0, (start + (number * 1e9) / rate - Number(now())) / 1e6));
    setTimeout(() => {
      const sorted = took.slice(settle).sort((a, b) => a - b);
      console.log(JSON.stringify({ heard: sorted.length, p50_ms: sorted[sorted.length >> 1], p99_ms: sorted[Math.floor(0.99 * (sorted.length - 1))] }));
      process.exit(0);
    }, 300);
  };
  next();
}));
