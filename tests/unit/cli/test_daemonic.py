"""`status`, `reload` and `stop`, asked of a daemon that answers from a real socket."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from smartlogd.base.errors import Exit, WrongConfiguration
from smartlogd.control import serve

Smartlogd = Callable[..., Any]

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
        self.stopped = threading.Event()
        self.reloads: Mapping[str, object] = {"applied": ["movement.lines"], "restart_needed": ["capture.fps"]}

    async def status(self) -> Mapping[str, object]:
        return STATE

    async def reload(self) -> Mapping[str, object]:
        if not self.reloads:
            raise WrongConfiguration("capture.fps in s.toml is nonsense.", "Mend it.")
        return self.reloads

    async def stop(self) -> None:
        self.stopped.set()

    async def change(self, what: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        raise AssertionError(f"nobody asks for the change {what} here")

    async def sync(self, what: str) -> Mapping[str, object]:
        raise AssertionError(f"nobody asks for the sync ({what}) here")


@pytest.fixture
def desk(state: Path) -> Iterator[Desk]:
    desk, socket = Desk(), state / "run" / "control.sock"
    socket.parent.mkdir(parents=True)
    loop = asyncio.new_event_loop()
    task = loop.create_task(serve(socket, desk))

    def live() -> None:
        with pytest.raises(asyncio.CancelledError):
            loop.run_until_complete(task)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    thread = threading.Thread(target=live)
    thread.start()
    while not socket.exists():
        threading.Event().wait(0.005)
    yield desk
    loop.call_soon_threadsafe(task.cancel)
    thread.join()


@pytest.mark.usefixtures("desk")
def test_status_says_how_the_daemon_fares(smartlogd: Smartlogd) -> None:
    told = smartlogd("status")
    assert told.code == 0
    assert [" ".join(line.split()) for line in told.out.splitlines()] == [
        "smartlogd 9.9 on yard, running, pid 77",
        "up 1 h 2 min, first frame after 1.2 s",
        "camera demo, running, 9.8 fps",
        "frames 100, models looked at 40, 1 dropped",
        "models profile door, 21.0 ms a look",
        "in view 2",
        "faces 6 remembered, 9 looked at",
        "line door 3 in, 2 out",
        "log ok, 5 written, 0 waiting",
        "centre ok, 12 waiting",
        "folder /state",
        "trouble pipeline: The camera stalled.",
    ]


@pytest.mark.usefixtures("desk")
def test_status_as_json_is_what_the_daemon_said(smartlogd: Smartlogd) -> None:
    assert json.loads(smartlogd("status", "--json").out) == STATE


def test_reload_says_what_changed_and_what_needs_a_restart(smartlogd: Smartlogd, desk: Desk) -> None:
    assert smartlogd("reload").out == "Changed: movement.lines.\nA restart is needed for: capture.fps.\n"
    assert json.loads(smartlogd("reload", "--json").out) == desk.reloads
    desk.reloads = {"applied": [], "restart_needed": []}
    assert smartlogd("reload").out == "Nothing to change.\n"


def test_a_reload_that_the_daemon_refuses_fails_with_its_sentence(smartlogd: Smartlogd, desk: Desk) -> None:
    desk.reloads = {}
    told = smartlogd("reload")
    assert (told.code, told.err) == (78, "smartlogd: capture.fps in s.toml is nonsense.\n  Mend it.\n")


def test_stop_reaches_the_daemon(smartlogd: Smartlogd, desk: Desk) -> None:
    assert smartlogd("stop").out == "Stopping.\n"
    assert desk.stopped.is_set()


@pytest.mark.usefixtures("state")
@pytest.mark.parametrize("verb", ["status", "reload", "stop"])
def test_without_a_daemon_each_says_how_to_start_one(smartlogd: Smartlogd, verb: str) -> None:
    told = smartlogd(verb)
    assert told.code == Exit.SERVICE_AWAY
    assert "No smartlogd is running" in told.err
    assert "smartlogd run" in told.err
