#!/usr/bin/python3
"""GStreamer under twice its load: cameras of raw pictures, a funnel, and one stage that sleeps; a leaky queue of one that keeps the newest for each camera, or one for all after
the funnel. One line of JSON.
  gstreamer_overload.py CAMERAS RATE_HZ SECONDS STAGE_MS each|shared
"""
import json
import random
import sys
import threading
import time

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst

Gst.init(None)
for needed in ("appsrc", "queue", "funnel", "identity", "fakesink"):
    if not Gst.ElementFactory.find(needed):
        sys.exit(f"GStreamer has no element {needed}")
if sys.argv[1:] == ["--check"]:
    sys.exit(0)

cameras, rate, seconds, stage_ms = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
SETTLE_S = 1.0
LEAKY = "queue leaky=downstream max-size-buffers=1 max-size-bytes=0 max-size-time=0 !"
each, shared = (LEAKY, "") if sys.argv[5] == "each" else ("", LEAKY)
graph = [f"funnel name=mix ! {shared} identity name=stage sleep-time={round(stage_ms * 1000)} ! fakesink name=out sync=false async=false"]
graph += [f"appsrc name=camera{camera} is-live=true format=time ! {each} mix.sink_{camera}" for camera in range(cameras)]
pipeline = Gst.parse_launch(" ".join(graph))
sources = [pipeline.get_by_name(f"camera{camera}") for camera in range(cameras)]
captures = {}
heard = []


def departs(pad, info):
    heard.append((info.get_buffer().pts, time.monotonic()))
    return Gst.PadProbeReturn.OK


pipeline.get_by_name("out").get_static_pad("sink").add_probe(Gst.PadProbeType.BUFFER, departs)
pipeline.set_state(Gst.State.PLAYING)
start = time.monotonic() + 0.3


def feed(camera):
    """A phase of its own, up to 2 ms of jitter, and 2 ms from capture to arrival, as in the benchmark's own cameras."""
    chance = random.Random(camera)
    for tick in range(round(rate * (seconds + SETTLE_S))):
        captured = start + tick / rate + (camera + 2 * chance.random()) / 1000
        wait = captured + 0.002 - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        buffer = Gst.Buffer.new_wrapped(bytes(128 * 64 * 3))
        buffer.pts = (tick * cameras + camera) * 1000
        captures[buffer.pts] = (camera, captured)
        sources[camera].emit("push-buffer", buffer)


threads = [threading.Thread(target=feed, args=(camera,)) for camera in range(cameras)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
ended = time.monotonic()
pipeline.set_state(Gst.State.NULL)
settled = start + SETTLE_S
ages, used = [], [0] * cameras
for pts, moment in heard:
    camera, captured = captures[pts]
    if settled <= moment <= ended:
        ages.append((moment - captured) * 1000)
        used[camera] += 1
ages.sort()
print(json.dumps({
    "published": len(ages), "age_p50_ms": ages[len(ages) // 2], "age_p99_ms": ages[int(0.99 * (len(ages) - 1))],
    "capacity": len(ages) * stage_ms / 1000 / (ended - settled), "fairness": max(used) / max(1, min(used))}))
