"""Members of package files: pip downloads the file by its hash, members are taken out, the file is deleted."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from smartlogd.base.errors import Missing, ServiceAway, UnusableInput
from smartlogd.detect.catalogue import ModelSpec, Wheel
from smartlogd.detect.files import folder_made, place

_LOOK_S = 0.2
_STALLED_LOOKS = round(120 / _LOOK_S)

Told = Callable[[int], None]
"""Hears how many bytes are there by now."""


def take(wheel: Wheel, members: Mapping[str, ModelSpec], folder: Path, told: Told) -> tuple[Path, ...]:
    """The models that are `members` (by path) of the wheel, placed in `folder`.

    The wheel lies in a temporary folder beside the models while it is needed, at most. Raises Missing
    without pip, ServiceAway when pip cannot get the file, UnusableInput when a member is not what it should be.
    """
    if importlib.util.find_spec("pip") is None:
        raise Missing("pip is not installed in this environment.", "Install it: python3 -m ensurepip.")
    with tempfile.TemporaryDirectory(dir=folder_made(folder), prefix=".wheel-") as held:
        return _unpacked(_downloaded(wheel, Path(held), told), members, folder)


def _downloaded(wheel: Wheel, held: Path, told: Told) -> Path:
    wanted = held / "wanted.txt"
    wanted.write_text(f"{wheel.package}=={wheel.version} --hash=sha256:{wheel.sha256}\n")
    arrived = held / "arrived"
    arrived.mkdir()
    with (held / "complaints.txt").open("w+") as complaints:
        pip = subprocess.Popen(  # noqa: S603 - no shell; every word is from the catalogue, checked there
            _command(wheel, wanted, arrived),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            env=os.environ | {"TMPDIR": str(held)},  # so that the growing file can be seen, and goes with the folder
        )
        try:
            _watched(pip, held, wheel, told)
        finally:
            pip.kill()
            pip.wait()
        complaints.seek(0)
        files = list(arrived.glob("*.whl"))
        if pip.returncode != 0 or len(files) != 1:
            raise ServiceAway(f"pip could not download {wheel.package} {wheel.version}.", _last_line(complaints.read()))
    return files[0]


def _command(wheel: Wheel, wanted: Path, arrived: Path) -> list[str]:
    return [
        *(
            sys.executable,
            "-m",
            "pip",
            "download",
            "--no-input",
            "--disable-pip-version-check",
            "--progress-bar",
            "off",
        ),
        *("--timeout", "20", "--retries", "2", "--no-deps", "--require-hashes", "--only-binary", ":all:"),
        *("--implementation", "cp", "--python-version", wheel.python, "--abi", wheel.abi, "--platform", wheel.platform),
        *("--dest", str(arrived), "--requirement", str(wanted)),
    ]


def _watched(pip: subprocess.Popen[bytes], held: Path, wheel: Wheel, told: Told) -> None:
    """Tell how much of the wheel is there until pip ends; raises ServiceAway when nothing comes for two minutes."""
    there, still = 0, 0
    while still < _STALLED_LOOKS:
        try:
            pip.wait(_LOOK_S)
        except subprocess.TimeoutExpired:
            grown = _size(held)
            there, still = (grown, 0) if grown != there else (there, still + 1)
            told(min(there, wheel.bytes))
            continue
        return
    raise ServiceAway(f"pip got no further with {wheel.package} {wheel.version} for two minutes.")


def _size(held: Path) -> int:
    """Bytes in the folder; a file that goes meanwhile counts nothing."""
    total = 0
    for folder, _, names in os.walk(held):
        for name in names:
            try:
                total += (Path(folder) / name).stat().st_size
            except FileNotFoundError:
                continue
    return total


def _unpacked(file: Path, members: Mapping[str, ModelSpec], folder: Path) -> tuple[Path, ...]:
    placed = []
    try:
        with zipfile.ZipFile(file) as archive:
            for path, spec in members.items():
                with archive.open(path) as member:
                    placed.append(place(member, spec, folder))
    except (zipfile.BadZipFile, KeyError) as error:
        raise UnusableInput(f"{file.name} does not hold what it should.", f"{error}.") from error
    return tuple(placed)


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["It said nothing."])[-1][:300]
