"""What the doctor looks at of smartlogd itself: its libraries, camera, models, folder and daemon."""

from __future__ import annotations

import os
import struct
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from smartlogd.base.errors import ServiceAway, SmartlogError

if TYPE_CHECKING:
    from smartlogd.settings import Settings

OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 13)
# Each is really imported, in its own words: on a Pi a library can be installed and still not load.
LIBRARIES = (
    ("numpy", "numpy", "Run make setup again."),
    ("OpenCV", "cv2", "Run make setup again."),
    ("TFLite", "ai_edge_litert.interpreter", "Run make setup again, or pip install tflite-runtime."),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found: `verdict`, in which words, and what to do about it."""

    what: str
    verdict: Literal["ok", "warn", "fail"]
    says: str
    hint: str = ""


def python() -> Finding:
    """Whether this Python is one that was tried."""
    version, bits = sys.version.split()[0], struct.calcsize("P") * 8
    says = f"{version}, {bits}-bit, {os.uname().machine}"
    if bits < 64:
        return Finding("python", "fail", says, "Install a 64-bit system: the models' runtime has no 32-bit build.")
    if not OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON:
        return Finding("python", "warn", says, "Tested with Python 3.11 to 3.13.")
    return Finding("python", "ok", says)


def library(name: str, module: str, hint: str) -> Finding:
    """Whether a library loads, and which version of it."""
    import importlib
    import importlib.metadata

    try:
        loaded = importlib.import_module(module)
    except (ImportError, ValueError, SystemError, OSError, AttributeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        return Finding(name, "fail", f"does not load: {reason}", hint)
    package = module.partition(".")[0]
    version = getattr(loaded, "__version__", None) or importlib.metadata.version(package.replace("_", "-"))
    return Finding(name, "ok", f"{package} {version}")


def camera(settings: Settings) -> Finding:
    """Whether there is a camera such as the settings name; it is not opened."""
    from smartlogd.capture.choose import find_camera

    try:
        return Finding("camera", "ok", find_camera(settings.capture))
    except SmartlogError as error:
        return Finding("camera", "warn", error.what, error.hint)


def models(settings: Settings) -> Finding:
    """Whether the models that are needed are here, and whole."""
    from smartlogd import wiring
    from smartlogd.cli.models import needed

    registry = wiring.model_registry(settings)
    try:
        paths = [registry.path(name) for name in needed(settings)]
    except SmartlogError as error:
        return Finding("models", "fail", error.what, error.hint)
    return Finding("models", "ok", f"{len(paths)} of profile {settings.detect.profile}, verified")


def state_folder(settings: Settings) -> Finding:
    """Whether the state folder is there, or can be made."""
    from smartlogd.device import made

    try:
        folder = made(settings.folders().state)
    except SmartlogError as error:
        return Finding("state folder", "fail", error.what, error.hint)
    return Finding("state folder", "ok", f"{folder}, writable")


def daemon(settings: Settings) -> Finding:
    """Whether a daemon runs, and whether all its parts do."""
    from smartlogd.control import ask

    try:
        state = ask(settings.folders().socket, "status", answer_s=3.0)
    except ServiceAway:
        return Finding("daemon", "ok", "not running")
    except SmartlogError as error:
        return Finding("daemon", "warn", error.what, error.hint)
    says = f"{state.get('state')}, pid {state.get('pid')}"
    troubles = state.get("troubles")
    if troubles:
        parts = ", ".join(troubles) if isinstance(troubles, dict) else str(troubles)
        return Finding("daemon", "warn", f"{says}; in trouble: {parts}", "Say more: smartlogd status")
    return Finding("daemon", "ok", says)
