"""`smartlogd doctor`: is everything here that smartlogd needs? Each answer is ok, warn or fail, with a hint."""

from __future__ import annotations

import json
import os
import shutil
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from smartlogd.base.errors import SmartlogError
from smartlogd.cli.options import AsJson, Config

if TYPE_CHECKING:
    from smartlogd.settings import Settings

LITTLE_SPACE = 1024**3
NO_SPACE = 64 * 1024**2
OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 13)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found: `verdict`, in which words, and what to do about it."""

    what: str
    verdict: Literal["ok", "warn", "fail"]
    says: str
    hint: str = ""


def doctor(config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Look whether everything needed is here.

    Each look is ok, warn or fail, with a hint; exit 0 unless one fails.
    """
    findings = list(examined(config))
    if as_json:
        for finding in findings:
            typer.echo(json.dumps(asdict(finding)))
    else:
        _table(findings)
    if any(finding.verdict == "fail" for finding in findings):
        raise typer.Exit(1)


def examined(config: Path | None) -> Iterator[Finding]:
    """Every look, those first that need no settings."""
    yield _python()
    for name, package, why in LIBRARIES:
        yield _library(name, package, why)
    from smartlogd.settings import read_settings

    try:
        settings = read_settings(config)
    except SmartlogError as error:
        yield Finding("configuration", "fail", error.what, error.hint)
        return
    yield Finding("configuration", "ok", f"device {settings.device.name}, profile {settings.detect.profile}")
    for look in LOOKS:
        yield look(settings)


def _python() -> Finding:
    version, bits = sys.version.split()[0], struct.calcsize("P") * 8
    says = f"{version}, {bits}-bit, {os.uname().machine}"
    if bits < 64:
        return Finding("python", "fail", says, "Install a 64-bit system: the models' runtime has no 32-bit build.")
    if not OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON:
        return Finding("python", "warn", says, "Tested with Python 3.11 to 3.13.")
    return Finding("python", "ok", says)


# Each is really imported, in its own words: on a Pi a library can be installed and still not load.
LIBRARIES = (
    ("numpy", "numpy", "Run make setup again."),
    ("OpenCV", "cv2", "Run make setup again."),
    ("TFLite", "ai_edge_litert.interpreter", "Run make setup again, or pip install tflite-runtime."),
)


def _library(name: str, module: str, hint: str) -> Finding:
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


def _camera(settings: Settings) -> Finding:
    from smartlogd.capture.choose import find_camera

    try:
        return Finding("camera", "ok", find_camera(settings.capture))
    except SmartlogError as error:
        return Finding("camera", "warn", error.what, error.hint)


def _models(settings: Settings) -> Finding:
    from smartlogd import wiring
    from smartlogd.cli.models import needed

    registry = wiring.model_registry(settings)
    try:
        paths = [registry.path(name) for name in needed(settings)]
    except SmartlogError as error:
        return Finding("models", "fail", error.what, error.hint)
    return Finding("models", "ok", f"{len(paths)} of profile {settings.detect.profile}, verified")


def _state_folder(settings: Settings) -> Finding:
    from smartlogd.device import made

    try:
        folder = made(settings.folders().state)
    except SmartlogError as error:
        return Finding("state folder", "fail", error.what, error.hint)
    return Finding("state folder", "ok", f"{folder}, writable")


def _disk(settings: Settings) -> Finding:
    folder = settings.folders().state
    standing = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(standing).free
    says = f"{free / 1024**3:.1f} GiB free at {standing}"
    if free < NO_SPACE:
        return Finding("disk", "fail", says, "Make room: the log cannot be written on a full disk.")
    if free < LITTLE_SPACE:
        return Finding("disk", "warn", says, "Make room before it runs full.")
    return Finding("disk", "ok", says)


def _clock(_settings: Settings) -> Finding:
    from smartlogd.base.time import is_synchronised

    if is_synchronised():
        return Finding("clock", "ok", "synchronised by a time server")
    hint = "Events are logged as untrusted in time until it is: check with timedatectl."
    return Finding("clock", "warn", "not synchronised by a time server", hint)


def _daemon(settings: Settings) -> Finding:
    from smartlogd.base.errors import ServiceAway
    from smartlogd.control import ask

    try:
        state = ask(settings.folders().socket, "status", answer_s=3.0)
    except ServiceAway:
        return Finding("daemon", "ok", "not running")
    except SmartlogError as error:
        return Finding("daemon", "warn", error.what, error.hint)
    return Finding("daemon", "ok", f"{state.get('state')}, pid {state.get('pid')}")


def _centre(settings: Settings) -> Finding:
    from smartlogd import wiring
    from smartlogd.cli.joining import tried

    try:
        bundle = wiring.bundle(settings)
        if bundle is None:
            return Finding("centre", "ok", "none joined")
        tried(settings, bundle)
    except SmartlogError as error:
        return Finding("centre", "warn", error.what, error.hint or "Rows wait on this device: smartlogd sync status")
    return Finding("centre", "ok", f"{bundle.address.host} answers to {bundle.login}")


LOOKS: tuple[Callable[[Settings], Finding], ...] = (_camera, _models, _state_folder, _disk, _clock, _daemon, _centre)


def _table(findings: list[Finding]) -> None:
    colours = {"ok": typer.colors.GREEN, "warn": typer.colors.YELLOW, "fail": typer.colors.RED}
    width = max(len(finding.what) for finding in findings)
    for finding in findings:
        verdict = typer.style(f"{finding.verdict:<4}", fg=colours[finding.verdict])
        typer.echo(f"{verdict}  {finding.what:<{width}}  {finding.says}")
        if finding.hint and finding.verdict != "ok":
            typer.echo(f"{'':<{width + 8}}{finding.hint}")
