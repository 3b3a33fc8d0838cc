#!/usr/bin/python3
"""Publishes as the benchmark's own sink does, with paho: forecasts (QoS 0) at 20 Hz and an event (QoS 1) with every eighth, over a broker that is killed again and again. Prints a
line for each connection (monotonic ns) and for each event's id; ends when its standard input does.
  paho_kills.py PORT TOPIC_BASE
"""
import json
import sys
import threading
import time
import uuid

import paho.mqtt.client as mqtt

if sys.argv[1:] == ["--check"]:
    sys.exit(0)
port, base = int(sys.argv[1]), sys.argv[2]
client = mqtt.Client(client_id=f"paho-{uuid.uuid4().hex}", protocol=mqtt.MQTTv5)
client.on_connect = lambda *_: print("connected", time.monotonic_ns(), flush=True)
client.connect("127.0.0.1", port, keepalive=5)
client.loop_start()
ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
tick = 0
while not ended.wait(0.05):
    stamp = json.dumps({"tick": tick, "published_ns": time.monotonic_ns(), "rest": "x" * 900})
    for kind in ("risk", "plan", "scene"):
        client.publish(base + kind, stamp, 0)
    if tick % 8 == 0:
        event = str(uuid.uuid4())
        print("event", event, flush=True)
        client.publish(base + "risk/event", json.dumps({"event_id": event}), 1)
    tick += 1
time.sleep(1)
client.loop_stop()
