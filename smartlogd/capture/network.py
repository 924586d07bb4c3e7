"""A camera in the network, by RTSP."""

from __future__ import annotations

from collections.abc import Iterator

from smartlogd.capture.address import shown
from smartlogd.capture.decode import Course, first_video, opened, pictures, translated
from smartlogd.capture.lens import Pace, Shot
from smartlogd.capture.options import CaptureOptions


def film(options: CaptureOptions) -> Iterator[Shot]:
    """Pictures and undecoded packets of `options.source`, over TCP.

    FFmpeg is given deadlines, but they are not to be relied on: the parent's own is.
    """
    name = shown(options.source)
    settings = {"rtsp_transport": "tcp", "fflags": "nobuffer"}
    pace = Pace(options.fps)
    with translated(name), opened(options.source, name, settings, (options.open_s, options.stall_s)) as container:
        stream = first_video(container, name)
        for picture in pictures(container, stream, name, Course(), pace.is_due):
            yield Shot(picture.pixels, picture.packets, picture.pts_s)
