"""Which camera a source means."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from smartlogd.base.errors import Missing
from smartlogd.base.ports import Camera
from smartlogd.base.time import Clock
from smartlogd.capture import command
from smartlogd.capture.address import SCHEMES, shown
from smartlogd.capture.live import LiveCamera
from smartlogd.capture.nodes import Node, nodes
from smartlogd.capture.options import CaptureOptions
from smartlogd.capture.paced import DemoCamera, PacedCamera
from smartlogd.capture.refuse import refuse_unusable
from smartlogd.capture.sought import SoughtCamera

_ROOM = "smartlogd.capture"
_PICAMERA_HINT = (
    "Run: sudo apt install python3-picamera2, and make the virtual environment with --system-site-packages."
)


def find_camera(
    options: CaptureOptions,
    *,
    devices: Callable[[], tuple[Node, ...]] = nodes,
    has_picamera2: Callable[[], bool] = lambda: find_spec("picamera2") is not None,
) -> str:
    """The camera that `options.source` means, as a source of its own; for "auto" the best there is.

    Raises Missing or UnusableInput where it plainly cannot be opened. "auto" takes the Pi's own camera
    first, then the first V4L2 device that is one; it never falls back to the demo.
    """
    if options.source != "auto":
        return _present(options)
    found = devices()
    has_sensor = any(node.is_pi_sensor for node in found)
    if has_sensor and has_picamera2():
        return "picamera"
    camera = next((node for node in found if node.is_camera), None)
    if camera is not None:
        return str(camera.path)
    if has_sensor:
        raise Missing("There is a Pi camera, but the Python package picamera2 is missing.", _PICAMERA_HINT)
    raise Missing("No camera was found.", f"Plug in a USB camera, or name a source. For a Pi camera: {_PICAMERA_HINT}")


def _present(options: CaptureOptions) -> str:
    source = options.source
    if source.startswith(SCHEMES):
        return shown(source)
    if source.startswith(command.PREFIX):
        return f"{command.PREFIX}{command.argv(options)[0]}"
    if source.startswith("/dev/") and not Path(source).exists():
        raise Missing(f"There is no camera at {source}.", "Plug it in, or name another device.")
    if source not in ("picamera", "demo") and not source.startswith("/dev/"):
        refuse_unusable(Path(source).expanduser())
    return source


def open_camera(
    options: CaptureOptions,
    clock: Clock,
    photos: Callable[[], tuple[Path, ...]],
    *,
    is_patient: bool = False,
    like: Camera | None = None,
) -> Camera:
    """The camera that `options.source` means; it is opened when its first frame is asked for.

    One who `is_patient` gets a camera also where "auto" finds none: it is looked for until there is one.
    `like` is the camera whose place the new one takes: of the same device, it lends what it knows of it.

    `photos` is called for "demo" alone and gives the paths of astronaut.png and camera.png. Raises
    Missing where "auto" finds nothing, and UnusableInput for a source that cannot be meant.
    """
    known = _live(like)
    if options.source == "auto" and is_patient:
        return SoughtCamera(lambda: open_camera(options, clock, photos, like=known))
    source = find_camera(options) if options.source == "auto" else options.source
    options = options.model_copy(update={"source": source})
    if source == "demo":
        return DemoCamera(photos(), options, clock)
    if lens := _lens(options):
        name, function = lens
        return LiveCamera(name, f"{_ROOM}.{function}", options, clock, like=known)
    from smartlogd.capture.stream import FileCamera  # PyAV is large: only who reads video pays for it

    return PacedCamera(FileCamera(Path(source).expanduser(), loop=options.loop), options, clock)


def _lens(options: CaptureOptions) -> tuple[str, str] | None:
    """How a live camera is called, and the function of this room that films by it; None for what is no live camera."""
    source = options.source
    if source == "picamera":
        return "Pi camera", "picamera:film"
    if source.startswith("/dev/"):
        return source, "opencv:film"
    if source.startswith(SCHEMES):
        return shown(source), "network:film"
    if source.startswith(command.PREFIX):
        return command.argv(options)[0], "command:film"
    return None


def _live(camera: Camera | None) -> LiveCamera | None:
    """The live camera itself, also where it had to be looked for first."""
    found = camera.camera if isinstance(camera, SoughtCamera) else camera
    return found if isinstance(found, LiveCamera) else None
