"""One video in, the same video with an obstacle out."""

from . import Unusable, camera, obstacle, video

BLUR_PX = 0.8  # of both real videos at hand, by eye: their finest edges are two pixels wide


def paste(source, rig, out, approach, blur_px=BLUR_PX):
    """Writes `out`; returns the number of pictures."""
    if approach.closing_mps <= 0 or not 0 < approach.to_m < approach.from_m:
        raise Unusable("the closing speed must be above 0, and --from above --to above 0")
    vehicle, cameras = camera.read_rig(rig)
    film = video.Video(source)
    if film.size != cameras[0].size:
        raise Unusable(f"{rig}: its camera has {cameras[0].size[0]}x{cameras[0].size[1]} px, the video {film.size[0]}x{film.size[1]}")
    start = int(approach.start_s * film.rate_hz)
    first = film.some([start]).get(start)
    if first is None:
        raise Unusable(f"{source}: it ends before the obstacle appears at {approach.start_s} s")
    pasted = obstacle.Paste(approach, vehicle, cameras[0], first, blur_px)
    count = 0

    def pictures():
        nonlocal count
        for picture in film.pictures():
            yield pasted.into(picture, float(count / film.rate_hz), count)
            count += 1

    part = out.with_name(out.name + ".part.mp4")  # no half-written file under the name asked for
    try:
        video.write(part, pictures(), film.size, film.rate_hz)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return count
