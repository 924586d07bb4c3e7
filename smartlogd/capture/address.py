"""Addresses of network cameras, as they may be shown."""

from __future__ import annotations

from urllib.parse import urlsplit

from smartlogd.base.errors import UnusableInput

SCHEMES = ("rtsp://", "rtsps://")


def shown(source: str) -> str:
    """The address as it may be shown: without user and password.

    >>> shown("rtsp://door:secret@192.0.2.7:554/stream1?token=x")
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
