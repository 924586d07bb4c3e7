"""The command line, called in this process with what it printed, and a device of its own to call it on."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from answered import answered

from smartlogd.__main__ import code
from smartlogd.base.errors import SmartlogError, WrongConfiguration
from smartlogd.base.health import Command


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


STATE: Mapping[str, object] = {
    "state": "running",
    "device": "yard",
    "version": "9.9",
    "pid": 77,
    "uptime_s": 3725.0,
    "state_dir": "/state",
    "camera": {"name": "demo", "status": "running"},
    "profile": "door",
    "fps": 9.8,
    "people": 2,
    "frames": 100,
    "frames_scanned": 40,
    "dropped": 1,
    "events": 5,
    "lines": {"door": {"I": 3, "O": 2}},
    "model_ms": 21.0,
    "first_frame_s": 1.2,
    "recognition": {"word": "on", "detail": "", "templates": 6, "looks": 9},
    "journal": {"word": "ok", "detail": "", "waiting": 0, "written": 5},
    "sync": {"word": "ok", "detail": "", "waiting": 12},
    "troubles": {"pipeline": "The camera stalled."},
}


class Desk:
    """What a daemon answers."""

    def __init__(self) -> None:
        self.state: Mapping[str, object] = STATE
        self.refusal: SmartlogError | None = None
        self.answers: dict[str, Mapping[str, object] | SmartlogError] = {}
        self.commands: list[tuple[str, Mapping[str, object]]] = []
        self.stopped = threading.Event()
        self.reloads: Mapping[str, object] = {"applied": ["movement.lines"], "restart_needed": ["capture.fps"]}

    async def status(self) -> Mapping[str, object]:
        if self.refusal is not None:
            raise self.refusal
        return self.state

    async def reload(self) -> Mapping[str, object]:
        if not self.reloads:
            raise WrongConfiguration("capture.fps in s.toml is nonsense.", "Mend it.")
        return self.reloads

    async def stop(self) -> None:
        self.stopped.set()

    async def change(self, what: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        raise AssertionError(f"nobody asks for the change {what} here")

    async def command(self, command: Command) -> Mapping[str, object]:
        self.commands.append((command.what, command.arguments))
        answer = self.answers[command.what]
        if isinstance(answer, SmartlogError):
            raise answer
        return answer

    async def sync(self, what: str) -> Mapping[str, object]:
        raise AssertionError(f"nobody asks for the sync ({what}) here")


@pytest.fixture
def desk(state: Path) -> Iterator[Desk]:
    """A daemon's socket, answered by a desk on another thread."""
    desk = Desk()
    with answered(state / "run" / "control.sock", desk):
        yield desk
