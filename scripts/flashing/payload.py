"""What is installed from the card: the project itself, and with --offline the wheels and models it needs."""

from __future__ import annotations

import ast
import gzip
import io
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from flashing.given import ROOT
from flashing.refusal import CANNOT_CREATE, MISSING, UNUSABLE_INPUT, Refused, reason

_FOLDERS = ("smartlogd", "config", "scripts", "systemd")
_FILES = ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "requirements.lock")
_PLATFORMS = ("manylinux2014_aarch64", *(f"manylinux_2_{minor}_aarch64" for minor in range(17, 37)))
_MODELS = frozenset({".tflite", ".dat", ".png"})
"""What `smartlogd models fetch` fetches: networks, their sources, and the pictures of the demo."""
_WHEEL_OF_ANOTHER = re.compile(r"x86_64|amd64|armv[67]l|i686|win32|macosx|musllinux")


def source() -> bytes:
    """The project as a tar.gz, the same bytes for the same files."""
    raw = io.BytesIO()
    with gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as archive:
        for path in _tracked():
            member = archive.gettarinfo(path, str(path.relative_to(ROOT)))
            member.uid = member.gid = member.mtime = 0
            member.uname = member.gname = ""
            member.mode = 0o755 if member.mode & 0o100 else 0o644
            with path.open("rb") as file:
                archive.addfile(member, file)
    return raw.getvalue()


def _tracked() -> list[Path]:
    """The files that an installation is made of."""
    single = [ROOT / name for name in _FILES if (ROOT / name).is_file()]
    inner = [path for name in _FOLDERS for path in (ROOT / name).rglob("*") if path.is_file() and not path.is_symlink()]
    return sorted(single + [path for path in inner if "__pycache__" not in path.parts and path.suffix != ".pyc"])


def wheels_in(folder: Path, python: str) -> list[Path]:
    """The wheels in a folder, if there is one for each locked package on an aarch64 machine with that Python."""
    found = sorted(folder.glob("*.whl"))
    foreign = next((wheel.name for wheel in found if _WHEEL_OF_ANOTHER.search(wheel.name)), None)
    if foreign:
        hint = "Leave --offline's folder out, and the right ones are fetched."
        raise Refused(UNUSABLE_INPUT, f"{folder} holds a wheel for another kind of machine: {foreign}.", hint)
    names = {" ".join(wheel.name.lower().split("-")[:2]) for wheel in found}
    missing = [wanted for wanted in pinned(python) if wanted not in names]
    if missing:
        lacks = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
        hint = f"They are wheels for aarch64 and Python {python}, as in requirements.lock."
        raise Refused(MISSING, f"{folder} lacks wheels: {lacks}.", hint)
    return found


def fetched_wheels(folder: Path, python: str) -> list[Path]:
    """The wheels for that Python on aarch64, fetched by pip into `folder` with the lock's hashes where not there."""
    try:
        return wheels_in(folder, python)
    except Refused as refused:
        if refused.code != MISSING:
            raise
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(CANNOT_CREATE, f"{folder} cannot be made: {reason(error)}.") from error
    with tempfile.TemporaryDirectory() as away:
        lock = Path(away) / "requirements.lock"
        lock.write_text(_lock_for(python))
        command = [*_pip(), "download", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
        command += [word for platform in _PLATFORMS for word in ("--platform", platform)]
        command += ["--implementation", "cp", "--python-version", python, "--dest", str(folder), "-r", str(lock)]
        command += [word for abi in (f"cp{python.replace('.', '')}", "abi3", "none") for word in ("--abi", abi)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        told = next((line for line in done.stderr.splitlines() if line.startswith("ERROR")), "pip failed")
        hint = "Is there a network? Or name a folder that has wheels/ and models/: --offline FOLDER"
        raise Refused(MISSING, f"The wheels for the card cannot be fetched: {told.removeprefix('ERROR: ')}", hint)
    return wheels_in(folder, python)


def models_in(folder: Path) -> list[Path]:
    """The models in a folder: what `smartlogd models fetch` brought."""
    found = sorted(path for path in folder.glob("*") if path.suffix in _MODELS and path.is_file())
    if not found:
        hint = "Fetch them first: smartlogd models fetch, then name their folder: --models FOLDER"
        raise Refused(MISSING, f"{folder} holds no models.", hint)
    return found


def pinned(python: str) -> list[str]:
    """What the lock wants on an aarch64 Linux with that Python, each as "name version".

    >>> "numpy" in [wanted.split()[0] for wanted in pinned("3.13")]
    True
    """
    return [f"{name} {version}" for name, version, _ in _entries(python)]


def _lock_for(python: str) -> str:
    """The lock for one kind of machine, its conditions already answered: pip would answer them for this one."""
    return "".join(f"{name}=={version} {hashes}\n" for name, version, hashes in _entries(python))


def _entries(python: str) -> list[tuple[str, str, str]]:
    """Name as in a wheel's file name, version, and hashes of what is wanted on that machine."""
    text = (ROOT / "requirements.lock").read_text().replace("\\\n", " ")
    found = []
    for line in text.splitlines():
        entry = re.match(r"([\w.-]+)==([^\s;]+)\s*(?:;(.*?))?((?:\s+--hash=\S+)+)", line)
        if entry and (entry[3] is None or holds(entry[3], python)):
            found.append((re.sub(r"[-.]+", "_", entry[1]).lower(), entry[2], entry[4].strip()))
    return found


def holds(marker: str, python: str) -> bool:
    """Whether a condition of the lock is met on an aarch64 Linux with that Python.

    >>> holds("python_full_version < '3.12' and platform_machine == 'aarch64'", "3.11")
    True
    """
    machine = {
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "platform_machine": "aarch64",
        "sys_platform": "linux",
        "os_name": "posix",
        "platform_system": "Linux",
        "python_version": python,
        "python_full_version": f"{python}.0",
    }
    return _met(ast.parse(marker.strip(), mode="eval").body, machine)


def _met(node: ast.expr, machine: Mapping[str, str]) -> bool:
    if isinstance(node, ast.BoolOp):
        parts = [_met(value, machine) for value in node.values]
        return all(parts) if isinstance(node.op, ast.And) else any(parts)
    if not isinstance(node, ast.Compare) or not isinstance(node.left, ast.Name):
        raise Refused(UNUSABLE_INPUT, "requirements.lock holds a condition that cannot be read.", "Run make lock.")
    given, wanted = machine[node.left.id], ast.literal_eval(node.comparators[0])
    one, other = _rank(node.left.id, given), _rank(node.left.id, wanted)
    return {
        ast.Eq: one == other,
        ast.NotEq: one != other,
        ast.Lt: one < other,
        ast.LtE: one <= other,
        ast.Gt: one > other,
        ast.GtE: one >= other,
    }[type(node.ops[0])]


def _rank(name: str, text: str) -> tuple[int, ...]:
    """What two values of that name are compared by: versions by their numbers, words by their letters."""
    if not name.endswith("version"):
        return tuple(text.encode())
    numbers = [int(part) for part in text.split(".")]
    return tuple(numbers + [0] * (3 - len(numbers)))


def _pip() -> list[str]:
    """A Python that has pip: this one, or the project's own."""
    for python in (sys.executable, str(ROOT / ".venv" / "bin" / "python")):
        try:
            if subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0:
                return [python, "-m", "pip", "--disable-pip-version-check"]
        except OSError:
            continue
    hint = "Install it (sudo apt install python3-pip), or name a folder of wheels: --offline FOLDER"
    raise Refused(MISSING, "pip is not here, by which the wheels are fetched.", hint)
