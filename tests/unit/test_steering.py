"""What a daemon is told to do, and in which order it does so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from smartlogd import adjusting, steering
from smartlogd.base.errors import DiskTrouble, Missing, ServiceAway, UnusableInput, WrongConfiguration
from smartlogd.base.health import Command
from smartlogd.settings import Settings
from smartlogd.steering import Steering


class Ship:
    """All that is steered; takes down what it is told, in its order."""

    def __init__(self, folder: Path) -> None:
        self.done: list[str] = []
        self.path, self.folder = folder / "smartlog.db", folder
        self.file: dict[str, dict[str, object]] = {}
        self.trouble: Exception | None = None
        self.is_heard = False
        self.steering = Steering(self.read(), self.read, lambda: self, self, lambda: self.done.append("stop"))  # type: ignore[arg-type, return-value]

    def read(self) -> Settings:
        return Settings.model_validate({"device": {"state_dir": str(self.folder)}} | self.file)

    def open(self) -> Ship:
        self.steering.opened(self)  # type: ignore[arg-type]
        return self

    def _do(self, what: str) -> None:
        self.done.append(what)
        if self.trouble:
            raise self.trouble

    # The river

    async def pause(self) -> None:
        self.done.append("lens closed")

    async def resume(self) -> None:
        self.done.append("lens opened")

    async def remember_pause(self, *, is_paused: bool) -> None:
        self._do(f"noted {is_paused}")

    async def apply(self, _old: Settings, _new: Settings) -> None:
        self._do("applied")

    # The crew

    @property
    def link(self) -> Ship:
        return self

    @property
    def reporter(self) -> Ship:
        return self

    @property
    def filming(self) -> Ship:
        return self

    @property
    def trying(self) -> Ship:
        return self

    @property
    def clockwork(self) -> Ship:
        return self

    async def run_now(self, asked: Mapping[str, object]) -> Mapping[str, object]:
        return {"name": "breakfast", **asked}

    def jobs(self) -> Mapping[str, object]:
        return {"jobs": []}

    async def hush(self) -> None:
        self.done.append("hushed")

    async def listen(self) -> None:
        self.done.append("listens")

    async def clip(self, asked: Mapping[str, object]) -> Mapping[str, object]:
        return {"path": "clips/1.mp4", **asked}

    async def bookmark(self, asked: Mapping[str, object]) -> Mapping[str, object]:
        return {"id": "1", **asked}

    async def snapshot(self, asked: Mapping[str, object]) -> Mapping[str, object]:
        return {"path": "snapshots/1.jpg", **asked}

    def again(self) -> None:
        self.done.append("centre again")

    async def asked(self, what: str) -> Mapping[str, object]:
        return {"word": what}

    def changed(self, _old: Settings, _new: Settings) -> None:
        self.done.append("others told")

    def poke(self) -> None:
        self.done.append("poked")

    async def obey(self, what: str, **arguments: Any) -> Mapping[str, object]:
        return await self.steering.obey(Command(what, arguments))

    @property
    def lines(self) -> Mapping[str, Any]:
        return self.steering.settings.movement.lines


@pytest.fixture
def ship(tmp_path: Path) -> Ship:
    return Ship(tmp_path).open()


async def test_while_it_is_starting_nothing_is_obeyed(tmp_path: Path) -> None:
    with pytest.raises(ServiceAway, match="starting"):
        await Ship(tmp_path).obey("pause")


async def test_what_nobody_knows_is_refused(ship: Ship) -> None:
    with pytest.raises(UnusableInput, match="none we know"):
        await ship.obey("dance")
    assert ship.done == []


async def test_a_routine_is_begun_and_the_jobs_are_told(ship: Ship) -> None:
    assert await ship.obey("routine", run="breakfast") == {"name": "breakfast", "run": "breakfast"}
    assert await ship.obey("jobs") == {"jobs": []}


async def test_the_lens_is_closed_before_it_is_noted_and_opened_after(ship: Ship) -> None:
    assert await ship.obey("pause") == {"paused": True}
    assert await ship.obey("resume") == {"paused": False}
    assert ship.done == [
        "lens closed",
        "hushed",
        "noted True",
        "poked",
        "noted False",
        "lens opened",
        "listens",
        "poked",
    ]


@pytest.mark.parametrize(
    ("what", "done", "said"),
    [
        ("pause", ["lens closed", "hushed", "noted True"], "is paused, but a restart would open it"),
        ("resume", ["noted False"], "stays paused"),
    ],
)
async def test_a_full_disk_leaves_the_lens_closed(ship: Ship, what: str, done: list[str], said: str) -> None:
    ship.trouble = DiskTrouble("The disk is full.", "Make room.")
    with pytest.raises(DiskTrouble, match=said) as caught:
        await ship.obey(what)
    assert caught.value.hint == "Make room."
    assert ship.done == done


async def test_a_snapshot_and_the_sync_are_asked_of_those_who_can(ship: Ship) -> None:
    assert await ship.obey("snapshot", labels=["dog"]) == {"path": "snapshots/1.jpg", "labels": ["dog"]}
    assert await ship.obey("clip", seconds=4) == {"path": "clips/1.mp4", "seconds": 4}
    assert await ship.obey("bookmark", note="look") == {"id": "1", "note": "look"}
    assert await ship.obey("sync") == {"word": "now"}


async def test_a_restart_is_answered_first_and_refused_where_nobody_would_start_it_again(
    ship: Ship, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steering, "ANSWERED_S", 0.01)
    with pytest.raises(UnusableInput, match="not started by systemd"):
        await ship.obey("restart")
    ship.is_heard = True
    assert await ship.obey("restart") == {"restarting": True}
    assert "stop" not in ship.done
    await asyncio.sleep(0.05)
    assert ship.done[-1] == "stop"


async def test_a_line_is_set_and_stays_so_after_a_restart(ship: Ship) -> None:
    answer = await ship.obey("line", name="door", counting=False, start=[0.4, 0.0])
    assert answer == {"line": "door", "counting": False, "start": (0.4, 0.0), "end": (0.5, 1.0), "inside": "right"}
    assert ship.done == ["applied", "others told", "poked"], "and the centre is not called anew for it"
    again = Ship(ship.folder)
    assert (again.lines["door"].counts, again.lines["door"].start) == ("none", (0.4, 0.0))


async def test_a_reload_leaves_a_line_as_it_was_set(ship: Ship) -> None:
    await ship.obey("line", name="door", counting=False)
    ship.file = {"movement": {"confirm_hits": 7}}
    assert await ship.obey("reload") == {"applied": ["movement.confirm_hits"], "restart_needed": []}
    assert ship.lines["door"].counts == "none"
    assert "centre again" in ship.done


async def test_a_line_takes_over_nothing_else_that_was_written_into_the_file(ship: Ship) -> None:
    ship.file = {"movement": {"confirm_hits": 7}}
    await ship.obey("line", name="door", counting=False)
    assert ship.steering.settings.movement.confirm_hits != 7


@pytest.mark.parametrize("arguments", [{"name": "window"}, {"name": "door", "start": [9, 9]}, {}, {"name": 7}])
async def test_a_line_that_cannot_be_set_so_changes_nothing(ship: Ship, arguments: dict[str, Any]) -> None:
    before = ship.steering.settings
    with pytest.raises(UnusableInput):
        await ship.obey("line", **arguments)
    assert ship.steering.settings is before
    assert (ship.done, adjusting.read(ship.folder)) == ([], {})


async def test_settings_that_cannot_be_brought_into_effect_leave_the_old_ones_whole(ship: Ship) -> None:
    before = ship.steering.settings
    ship.file, ship.trouble = {"movement": {"confirm_hits": 7}}, Missing("The model is missing.")
    with pytest.raises(Missing):
        await ship.obey("reload")
    assert ship.steering.settings is before
    assert ship.done == ["applied"]


async def test_a_hang_up_is_refused_in_the_log(
    ship: Ship, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def nonsense() -> Settings:
        raise WrongConfiguration("capture.fps is nonsense.")

    monkeypatch.setattr(ship.steering, "_read", nonsense)
    await ship.steering.reload_quietly()
    assert caplog.messages == ["settings not read again: capture.fps is nonsense."]


async def test_two_commands_at_once_are_done_one_after_the_other(ship: Ship, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(what: str) -> Callable[[], Any]:
        async def do() -> None:
            await asyncio.sleep(0.02)
            ship.done.append(what)

        return do

    monkeypatch.setattr(ship, "pause", slow("lens closed"))
    monkeypatch.setattr(ship, "resume", slow("lens opened"))
    await asyncio.gather(ship.obey("pause"), ship.obey("resume"), ship.obey("pause"))
    turns = [what for what in ship.done if what.startswith(("lens", "noted"))]
    assert turns == ["lens closed", "noted True", "noted False", "lens opened", "lens closed", "noted True"]
