"""What is tracked speaks of the project only, and works on anyone's machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Each pattern is written so that it does not match itself.
OF_ONE_MACHINE = re.compile(r"(?<![\w.~:/-])/(?:[w]ork|[f]arm|[h]ome/\w+|[r]oot|[U]sers)/\w")
REGISTRY = re.compile(r"[p]ypi\.org|pythonhosted[.]org|https?://[^ \"']*/(?:simple|packages)/|[d]eb\.debian\.org")
UNFINISHED = re.compile(r"\b(?:T[O]DO|F[I]XME|X[X]X)\b|NotImplemented[E]rror|mark\.skip\b(?!\()")
LARGEST = 500_000


def tracked() -> list[Path]:
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("this is no git checkout, so nothing says which files are tracked")
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def matches(pattern: re.Pattern[str]) -> list[str]:
    found = []
    for path in tracked():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        lines = enumerate(text.splitlines(), 1)
        found += [
            f"{path.relative_to(ROOT)}:{number}: {line.strip()}" for number, line in lines if pattern.search(line)
        ]
    return found


def test_no_file_names_a_path_of_one_machine() -> None:
    assert matches(OF_ONE_MACHINE) == []


def test_no_file_names_a_package_registry_by_its_host() -> None:
    assert matches(REGISTRY) == []


def test_nothing_is_left_for_later_in_the_code() -> None:
    assert [line for line in matches(UNFINISHED) if not line.startswith("LICENSE")] == []


def test_no_large_file_is_tracked() -> None:
    assert [str(path) for path in tracked() if path.stat().st_size > LARGEST] == []


def test_every_script_can_be_run() -> None:
    scripts = [path for path in tracked() if path.suffix == ".sh" or path == ROOT / ".ci" / "run"]
    assert scripts
    assert [str(path) for path in scripts if not path.stat().st_mode & 0o100] == []
