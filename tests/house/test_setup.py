"""What is missing on a fresh machine is named, with the line that brings it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def setup(python: str, venv: Path, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = ["sh", "scripts/setup.sh", python, str(venv), "requirements.lock"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)


def interpreter(folder: Path, failing_at: str) -> str:
    """A Python that answers no to one of the questions asked of it, and is this one otherwise."""
    path = folder / "python3"
    path.write_text(f'#!/bin/sh\ncase "$2" in *{failing_at}*) exit 1;; esac\nexec {sys.executable} "$@"\n')
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("failing_at", "sentence", "hint"),
    [
        ("version_info", "is not supported; smartlogd needs Python 3.11, 3.12 or 3.13", "make setup PYTHON="),
        ("maxsize", "This is a 32-bit system", "64-bit edition of Raspberry Pi OS"),
        ("raise*machine", "This processor is a", "x86_64 and on aarch64"),
        ("ensurepip", "can make no virtual environments", "sudo apt install python3-venv"),
    ],
)
def test_a_machine_that_will_not_do_is_refused_by_name(
    tmp_path: Path, failing_at: str, sentence: str, hint: str
) -> None:
    done = setup(interpreter(tmp_path, failing_at), tmp_path / "venv")
    assert done.returncode == 69
    assert sentence in done.stderr
    assert hint in done.stderr
    assert not (tmp_path / "venv").exists()


def test_a_python_that_is_not_there_is_named_with_its_packages(tmp_path: Path) -> None:
    done = setup("python3.99", tmp_path / "venv")
    assert done.returncode == 69
    assert "'python3.99' is not on this machine" in done.stderr
    assert "sudo apt install python3.99 python3.99-venv" in done.stderr


def test_a_folder_that_is_no_environment_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    done = setup(sys.executable, tmp_path / "mine")
    assert done.returncode == 69
    assert "is in the way" in done.stderr
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"


def test_an_environment_that_was_moved_is_made_anew(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "here")], check=True)
    (tmp_path / "here").rename(tmp_path / "there")
    (tmp_path / "there" / "old").touch()
    cut_off = {
        **os.environ,
        "PIP_INDEX_URL": (tmp_path / "empty").as_uri(),
        "PIP_EXTRA_INDEX_URL": "",
        "PIP_FIND_LINKS": "",
    }
    done = setup(sys.executable, tmp_path / "there", cut_off)
    assert "Making" in done.stdout
    assert not (tmp_path / "there" / "old").exists()
    assert done.returncode == 69
    assert "Is there a network?" in done.stderr


def test_plain_make_prints_what_can_be_made() -> None:
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for target in ("setup", "run", "test", "test-deps", "test-long", "check", "bench", "eval", "lock", "clean"):
        assert f"make {target} " in done.stdout
