"""Video files: every picture of one, and writing one of the same rate."""

import subprocess
from fractions import Fraction

import cv2

from . import Unusable


class Video:
    def __init__(self, path):
        self.path = path
        capture = cv2.VideoCapture(str(path))
        if not capture.isOpened():
            raise Unusable(f"{path}: cannot be opened as a video")
        self.size = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        self.rate_hz = Fraction(capture.get(cv2.CAP_PROP_FPS)).limit_denominator(1001)
        capture.release()

    def pictures(self):
        """Every picture in order, uint8 [H, W, 3] BGR."""
        capture = cv2.VideoCapture(str(self.path))
        while True:
            ok, picture = capture.read()
            if not ok:
                break
            yield picture
        capture.release()

    def some(self, frames):
        """{frame: picture} of the frames asked for, as far as the video has them."""
        wanted, found = set(frames), {}
        for i, picture in enumerate(self.pictures()):
            if i in wanted:
                found[i] = picture
            if len(found) == len(wanted):
                break
        return found


def write(path, pictures, size, rate_hz, crf=12):
    """H.264, yuv420p, no B-frames; the same pictures give the same bytes."""
    command = ["ffmpeg", "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{size[0]}x{size[1]}", "-r", str(rate_hz), "-i", "-", "-an", "-c:v", "libx264",
               "-preset", "fast", "-crf", str(crf), "-bf", "0", "-pix_fmt", "yuv420p", "-threads", "1", "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact",
               "-movflags", "+faststart", str(path)]
    encoder = subprocess.Popen(command, stdin=subprocess.PIPE)
    for picture in pictures:
        encoder.stdin.write(picture.tobytes())
    encoder.stdin.close()
    if encoder.wait() != 0:
        raise Unusable(f"{path}: ffmpeg could not write it")
