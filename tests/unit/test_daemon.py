"""The daemon's life: its table of states, its judgement of errors, its reload. Its whole life is in tests/journey."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av
import numpy as np
import pytest

from smartlogd.base.errors import Exit, Missing, SmartlogError, WrongConfiguration
from smartlogd.base.health import Command
from smartlogd.control import ask
from smartlogd.daemon import LIFE, Daemon, Life, Turn
from smartlogd.settings import Settings


def settings(folder: Path, **tables: dict[str, object]) -> Settings:
    own: dict[str, object] = {"device": {"state_dir": str(folder), "name": "yard"}}
    return Settings.model_validate(own | tables)


def still(given: Settings, **named: Any) -> Daemon:
    """A daemon that has not been started."""
    return Daemon(given, read=lambda: given, socket=given.folders().socket, **named)


# Life --------------------------------------------------------------------------------------------


def test_every_state_knows_every_turn() -> None:
    assert {(life, turn) for life, turns in LIFE.items() for turn in turns} == set(itertools.product(Life, Turn))


def test_whoever_is_stopping_never_runs_again() -> None:
    for life in (Life.STOPPING, Life.STOPPED):
        assert all(LIFE[life][turn] in (Life.STOPPING, Life.STOPPED) for turn in Turn)


async def test_stopping_begins_once_and_sets_the_last_resort_once(tmp_path: Path) -> None:
    resorts: list[int] = []
    daemon = still(settings(tmp_path), last_resort=lambda: resorts.append(1))
    daemon.begin_stop()
    await daemon.stop()
    assert resorts == [1]
    assert daemon.state()["state"] == "stopping"


async def test_before_anything_is_open_it_can_already_say_how_it_fares(tmp_path: Path) -> None:
    state = still(settings(tmp_path)).state()
    assert (state["state"], state["fps"], state["first_frame_s"]) == ("starting", 0.0, None)
    assert state["lines"] == {"door": {"I": 0, "O": 0}}


# Reload ------------------------------------------------------------------------------------------


async def test_a_reload_takes_over_what_it_can_and_names_what_needs_a_restart(tmp_path: Path) -> None:
    new = settings(
        tmp_path,
        capture={"fps": 3.0, "motion": {"sensitivity": 0.9}},
        movement={"pair": {}},
        store={"group_rows": 7},
    )
    daemon = Daemon(settings(tmp_path), read=lambda: new, socket=tmp_path / "s")
    answer = await daemon.reload()
    assert answer == {
        "applied": ["capture.motion.sensitivity", "movement.pair"],
        "restart_needed": ["capture.fps", "store.group_rows"],
    }
    assert set(daemon.state()["lines"]) == {"left", "right"}  # type: ignore[call-overload]
    assert (await daemon.reload())["applied"] == [], "what was taken over is no news the second time"


async def test_a_reload_of_nonsense_leaves_everything_as_it_was(tmp_path: Path) -> None:
    def nonsense() -> Settings:
        raise WrongConfiguration("capture.fps is nonsense.")

    daemon = Daemon(settings(tmp_path), read=nonsense, socket=tmp_path / "s")
    before = daemon.state()["lines"]
    with pytest.raises(WrongConfiguration):
        await daemon.reload()
    assert daemon.state()["lines"] == before


# A whole short life, in this process -------------------------------------------------------------


@pytest.fixture
def folder() -> Any:
    with TemporaryDirectory() as folder:  # short enough for a socket's path
        yield Path(folder)


async def running(daemon: Daemon) -> asyncio.Task[None]:
    task = asyncio.create_task(daemon.run())
    async with asyncio.timeout(20):
        while not daemon.state()["frames"]:
            if task.done():
                task.result()
            await asyncio.sleep(0.02)
    return task


async def test_models_and_lines_are_exchanged_while_frames_flow(folder: Path, models_dir: Path) -> None:
    tables: dict[str, dict[str, object]] = {"detect": {"models_dir": str(models_dir)}, "capture": {"source": "demo"}}
    files = [
        settings(folder, **(tables | {"detect": {"models_dir": str(models_dir), "profile": "wide"}})),
        settings(folder, **(tables | {"detect": {"models_dir": str(folder / "none")}, "movement": {"pair": {}}})),
    ]
    daemon = Daemon(settings(folder, **tables), read=lambda: files.pop(0), socket=folder / "s")
    task = await running(daemon)
    assert (await asyncio.to_thread(ask, folder / "s", "reload"))["applied"] == ["detect.profile"]
    assert daemon.state()["profile"] == "wide"
    with pytest.raises(SmartlogError, match="not on this device"):
        await asyncio.to_thread(ask, folder / "s", "reload")
    state = daemon.state()
    assert state["profile"] == "wide"
    assert list(state["lines"]) == ["door"], "models that are missing leave the lines alone too"  # type: ignore[call-overload]
    frames = state["frames"]
    while daemon.state()["frames"] == frames:
        await asyncio.sleep(0.02)
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(10):
        await task
    assert daemon.state()["state"] == "stopped"


def grey_video(path: Path, frames: int) -> Path:
    """A short recording of an empty grey room at 10 fps."""
    with av.open(path, "w") as file:
        stream = file.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(frames):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), 90, np.uint8), format="rgb24")))
        file.mux(stream.encode(None))
    return path


async def test_a_recording_that_ends_ends_the_daemon(folder: Path, models_dir: Path) -> None:
    video = await asyncio.to_thread(grey_video, folder / "grey.mp4", 10)
    given = settings(folder, detect={"models_dir": str(models_dir)}, capture={"source": str(video)})
    told: list[object] = []
    daemon = still(given, report=told.append, report_s=0.2)
    async with asyncio.timeout(20):
        await daemon.run()
    state = daemon.state()
    assert (state["state"], state["frames"], state["events"]) == ("stopped", 10, 0)
    assert told


async def test_a_file_that_cannot_be_read_is_told_after_everything_is_closed(folder: Path, models_dir: Path) -> None:
    given = settings(folder, detect={"models_dir": str(models_dir)}, capture={"source": str(folder / "none.mp4")})
    for _ in range(2):  # the second would be refused if the first had kept the folder's lock
        daemon = still(given)
        with pytest.raises(Missing, match=r"none.mp4") as caught:
            await daemon.run()
        assert caught.value.code is Exit.MISSING
        assert daemon.state()["state"] == "stopped"


async def test_told_to_stop_while_it_starts_it_opens_nothing_more(folder: Path, models_dir: Path) -> None:
    given = settings(folder, detect={"models_dir": str(models_dir)}, capture={"source": "demo"})
    daemon = still(given)
    task = asyncio.create_task(daemon.run())
    await asyncio.sleep(0)
    daemon.begin_stop()
    async with asyncio.timeout(10):
        await task
    assert daemon.state()["frames"] == 0


async def test_two_daemons_never_share_a_state_folder(folder: Path, models_dir: Path) -> None:
    given = settings(folder, detect={"models_dir": str(models_dir)}, capture={"source": "demo"})
    first = still(given)
    task = await running(first)
    with pytest.raises(SmartlogError) as caught:
        await still(given).run()
    assert caught.value.code is Exit.CANNOT_CREATE
    first.begin_stop()
    await task


class Systemd:
    """What would be told to systemd, in its order; it is heard, as by a daemon that systemd started."""

    is_heard, watchdog_s = True, None

    def __init__(self) -> None:
        self.said: list[str] = []

    def __getattr__(self, word: str) -> Any:
        return lambda *_: self.said.append(word)


async def test_a_part_that_fails_for_good_ends_the_daemon_as_a_stop_does(folder: Path, models_dir: Path) -> None:
    given = settings(folder, detect={"models_dir": str(models_dir)}, capture={"source": str(folder / "none.mp4")})
    systemd, resorts = Systemd(), list[int]()
    daemon = still(given, notifier=systemd, last_resort=lambda: resorts.append(1))
    with pytest.raises(Missing):
        await daemon.run()
    assert resorts == [1], "what hangs while it ends has a deadline too"
    assert systemd.said.count("stopping") == 1
    assert "ready" not in systemd.said[systemd.said.index("stopping") :]


async def test_a_whole_life_with_every_command_in_it_leaves_nothing_running_behind(
    folder: Path, models_dir: Path
) -> None:
    given = settings(folder, detect={"models_dir": str(models_dir)}, capture={"source": "demo"})
    systemd = Systemd()
    daemon = still(given, notifier=systemd)
    before = {thread.name for thread in threading.enumerate()}
    task = await running(daemon)
    await daemon.command(Command("pause"))
    await daemon.reload()
    await daemon.command(Command("resume"))
    await daemon.command(Command("line", {"name": "door", "counting": False}))
    camera = daemon._river.camera
    daemon._river.rebuild()
    async with asyncio.timeout(20):
        while daemon._river.camera is camera:
            await asyncio.sleep(0.01)
    daemon._river.rebuild()
    await daemon.command(Command("restart"))
    async with asyncio.timeout(10):
        await task
    assert daemon.state()["state"] == "stopped"
    assert systemd.said.count("ready") == 1
    assert asyncio.all_tasks() == {asyncio.current_task()}
    left = {thread.name for thread in threading.enumerate()} - before
    assert {name for name in left if not name.startswith("asyncio_")} == set()
