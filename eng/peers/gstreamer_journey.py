#!/usr/bin/python3
"""GStreamer on the benchmark's journey: cameras of JPEG -> jpegdec -> scaled to the model's size -> joined by a compositor -> a stage that sleeps as long as the model
takes -> fakesink. What its own latency tracer says of each tick, less decoding, scaling and the stage, is what the framework adds. One line of JSON.
  gstreamer_journey.py FOLDER CAMERAS RATE_HZ SECONDS WIDTH HEIGHT STAGE_MS      FOLDER holds camera-picture.jpg: 0-0.jpg, 0-1.jpg, ...
"""
import glob
import json
import os
import re
import sys
import tempfile
import threading
import time

trace = tempfile.NamedTemporaryFile(suffix=".trace", delete=False)
trace.close()
os.environ.update(GST_TRACERS="latency(flags=pipeline+element)", GST_DEBUG="GST_TRACER:7", GST_DEBUG_FILE=trace.name, GST_DEBUG_NO_COLOR="1")
import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst

Gst.init(None)
for needed in ("appsrc", "jpegdec", "videoconvertscale", "compositor", "identity", "fakesink"):
    if not Gst.ElementFactory.find(needed):
        sys.exit(f"GStreamer has no element {needed}")
if sys.argv[1:] == ["--check"]:
    os.unlink(trace.name)
    sys.exit(0)

SETTLE = 10  # ticks in which caps are negotiated and buffers come to be
folder, cameras, rate, seconds, width, height, stage_ms = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5]), int(sys.argv[6]), float(sys.argv[7])
pictures = [[open(name, "rb").read() for name in sorted(glob.glob(f"{folder}/{camera}-*.jpg"))] for camera in range(cameras)]
places = " ".join(f"sink_{camera}::xpos={camera * width}" for camera in range(cameras))
graph = [f"compositor name=mix background=black {places} ! video/x-raw,format=BGRx ! identity name=stage sleep-time={round(stage_ms * 1000)} ! fakesink name=out sync=false async=false"]
for camera in range(cameras):
    # Not live: a live compositor waits out a whole period for whoever might still come.
    graph.append(
        f"appsrc name=camera{camera} is-live=false format=time caps=image/jpeg,framerate={round(rate)}/1 ! queue max-size-buffers=1 leaky=downstream ! jpegdec name=decode{camera}"
        f" ! videoconvertscale name=scale{camera} ! video/x-raw,format=BGRx,width={width},height={height} ! queue max-size-buffers=1 ! mix.sink_{camera}")
pipeline = Gst.parse_launch(" ".join(graph))
sources = [pipeline.get_by_name(f"camera{camera}") for camera in range(cameras)]
pipeline.set_state(Gst.State.PLAYING)
ticks = round(rate * seconds) + SETTLE
start = time.monotonic() + 0.3


def feed(camera):
    for tick in range(ticks):
        wait = start + tick / rate - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        buffer = Gst.Buffer.new_wrapped(pictures[camera][tick % len(pictures[camera])])
        buffer.pts, buffer.duration = round(tick * Gst.SECOND / rate), round(Gst.SECOND / rate)
        sources[camera].emit("push-buffer", buffer)
    sources[camera].emit("end-of-stream")


threads = [threading.Thread(target=feed, args=(camera,)) for camera in range(cameras)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
message = pipeline.get_bus().timed_pop_filtered(5 * Gst.SECOND, Gst.MessageType.EOS | Gst.MessageType.ERROR)
pipeline.set_state(Gst.State.NULL)
if message is None or message.type == Gst.MessageType.ERROR:
    sys.exit(f"GStreamer broke off: {message.parse_error() if message else 'no end of stream'}")

element_time = re.compile(r": element-latency,.*element=\(string\)(\w+),.*time=\(guint64\)(\d+)")
whole_time = re.compile(r": latency,.*time=\(guint64\)(\d+)")
elements, whole = {}, []
for line in open(trace.name, encoding="utf-8", errors="replace"):
    if found := element_time.search(line):
        elements.setdefault(found[1], []).append(int(found[2]) / 1e6)
    elif found := whole_time.search(line):
        whole.append(int(found[1]) / 1e6)
os.unlink(trace.name)


def slowest(kind, tick):
    return max(elements[f"{kind}{camera}"][tick] for camera in range(cameras))


complete = min(len(whole), len(elements["stage"]), *(len(elements[f"{kind}{camera}"]) for kind in ("decode", "scale") for camera in range(cameras)))
added = sorted(max(0.0, whole[tick] - slowest("decode", tick) - slowest("scale", tick) - elements["stage"][tick]) for tick in range(SETTLE, complete))
print(json.dumps({"ticks": len(added), "sent": ticks - SETTLE, "p50_ms": added[len(added) // 2], "p99_ms": added[int(0.99 * (len(added) - 1))]}))
