"""A camera in the network, by RTSP."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from smartlogd.base.errors import UnusableInput
from smartlogd.capture.decode import Course, first_video, opened, pictures, translated
from smartlogd.capture.lens import Pace, Shot
from smartlogd.capture.options import CaptureOptions

SCHEMES = ("rtsp://", "rtsps://")


def address(source: str) -> str:
    """The address as it may be shown: without user and password.

    >>> address("rtsp://door:secret@192.0.2.7:554/stream1?token=x")
    'rtsp://192.0.2.7:554/stream1'
    """
    try:
        parts = urlsplit(source)
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError as nonsense:
        raise UnusableInput("The camera's address is not one.", "Write it as rtsp://host:port/path.") from nonsense
    if not parts.hostname:
        raise UnusableInput("The camera's address names no host.", "Write it as rtsp://host:port/path.")
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"


def film(options: CaptureOptions) -> Iterator[Shot]:
    """Pictures and undecoded packets of `options.source`, over TCP.

    FFmpeg is given deadlines, but they are not to be relied on: the parent's own is.
    """
    name = address(options.source)
    settings = {"rtsp_transport": "tcp", "fflags": "nobuffer"}
    pace = Pace(options.fps)
    with translated(name), opened(options.source, name, settings, (options.open_s, options.stall_s)) as container:
        stream = first_video(container, name)
        for picture in pictures(container, stream, name, Course(), pace.is_due):
            yield Shot(picture.pixels, picture.packets)
