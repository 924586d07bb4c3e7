"""The command line, called in this process with what it printed, and a device of its own to call it on."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from smartlogd.__main__ import code


@dataclass(frozen=True, slots=True)
class Told:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str


Smartlogd = Callable[..., Told]


@pytest.fixture
def smartlogd(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Smartlogd:
    """Call `smartlogd WORD...`; an expected error prints no traceback, whatever the command."""

    def call(*words: object) -> Told:
        monkeypatch.setattr(sys, "argv", ["smartlogd", *map(str, words)])
        returned = code()
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Told(returned, out, err)

    return call


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder of a device that nobody else uses; the working directory and the home are its own too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SMARTLOG_DEVICE__STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("SMARTLOG_DEVICE__NAME", "yard")
    for name in ("XDG_RUNTIME_DIR", "RUNTIME_DIRECTORY", "STATE_DIRECTORY", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "state"
