#!/usr/bin/python3
"""From publish to receive with two paho clients in one process, QoS 0, one message at a time. One line of JSON.
  paho_publish.py PORT BYTES RATE_HZ MESSAGES
"""
import json
import sys
import threading
import time

import paho.mqtt.client as mqtt

if sys.argv[1:] == ["--check"]:
    sys.exit(0)
SETTLE = 100
port, size, rate, messages = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]) + SETTLE
took, subscribed = [], threading.Event()


def heard(client, userdata, message):
    took.append((time.monotonic_ns() - int(message.payload[:20])) / 1e6)


receiver, sender = mqtt.Client(protocol=mqtt.MQTTv5), mqtt.Client(protocol=mqtt.MQTTv5)
receiver.on_message = heard
receiver.on_subscribe = lambda *_: subscribed.set()
for client in (receiver, sender):
    client.connect("127.0.0.1", port)
    client.loop_start()
receiver.subscribe("peers/paho", 0)
subscribed.wait(5)
rest = b"x" * (size - 20)
start = time.monotonic()
for number in range(messages):
    wait = start + number / rate - time.monotonic()
    if wait > 0:
        time.sleep(wait)
    sender.publish("peers/paho", b"%020d" % time.monotonic_ns() + rest, 0)
time.sleep(0.3)
for client in (receiver, sender):
    client.loop_stop()
took = sorted(took[SETTLE:])
print(json.dumps({"heard": len(took), "p50_ms": took[len(took) // 2], "p99_ms": took[int(0.99 * (len(took) - 1))]}))
