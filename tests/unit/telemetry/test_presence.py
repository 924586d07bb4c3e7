"""What stands at the broker: told whole at first, then only what changed."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from quiet import QuietLine
from speaker import TestClock, a_heartbeat

from smartlogd.base.health import LineToday
from smartlogd.telemetry.options import MqttOptions
from smartlogd.telemetry.presence import Presence
from smartlogd.telemetry.topics import Topics
from smartlogd.telemetry.trouble import BrokerAway
from smartlogd.telemetry.voice import Account, Voice

ROOT = "smartlogd/door"
CONFIG = "homeassistant/device/smartlogd_door/config"


class Desk:
    def __init__(self, *, heartbeat_s: float = 30.0, **options: object) -> None:
        self.line, self.account = QuietLine(), Account(announced={})
        self.beat = a_heartbeat("door", TestClock().now())
        self.picture: bytes | None = None
        self.presence = Presence(
            Voice(self.line, self.account),
            options=MqttOptions.model_validate(options),
            topics=Topics("smartlogd", "door"),
            version="1.2.3",
            beat=lambda: self.beat,
            heartbeat_s=heartbeat_s,
            picture=lambda: self.picture,
            account=self.account,
        )
        self.fresh = asyncio.Event()

    async def run(self, for_s: float) -> list[str]:
        """The topics of what is said meanwhile."""
        before = len(self.line.said)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(self.presence.run(self.fresh), for_s)
        return [topic for topic, _, _ in self.line.said[before:]]


async def test_at_first_everything_is_told_and_kept_but_for_the_picture() -> None:
    desk = Desk()
    desk.picture = b"a picture"
    await desk.presence.tell_all()
    assert [(topic, retain) for topic, _, retain in desk.line.said] == [
        (CONFIG, True),
        (f"{ROOT}/line/door/state", True),
        (f"{ROOT}/pause/state", True),
        (f"{ROOT}/state", True),
        (f"{ROOT}/snapshot", False),
    ]


async def test_later_only_the_heartbeat_and_what_changed() -> None:
    desk = Desk(heartbeat_s=1.0)
    await desk.presence.tell_all()
    assert await desk.run(1.3) == [f"{ROOT}/state"]
    desk.beat = replace(desk.beat, camera_status="paused")
    assert await desk.run(1.3) == [f"{ROOT}/pause/state", f"{ROOT}/state"]
    desk.beat = replace(desk.beat, lines=(LineToday("gate", 0, 0),))
    lines = [f"{ROOT}/line/door/state", f"{ROOT}/line/gate/state"]
    assert await desk.run(1.3) == [CONFIG, *lines, f"{ROOT}/state"]
    assert (f"{ROOT}/line/door/state", b"", True) in desk.line.said


async def test_no_two_heartbeats_come_within_a_second() -> None:
    desk = Desk()
    desk.fresh.set()
    assert await desk.run(0.5) == []
    assert f"{ROOT}/state" in await desk.run(1.3)
    assert desk.account.beats == 1


async def test_where_discovery_is_not_wanted_what_was_announced_is_taken_away_once() -> None:
    desk = Desk(discovery=False)
    desk.account.announced = {"line_door": "event"}
    await desk.presence.tell_all()
    await desk.presence.tell_all()
    assert [payload for topic, payload, _ in desk.line.said if topic == CONFIG] == [b""]


async def test_what_an_earlier_run_announced_is_taken_away() -> None:
    desk = Desk()
    desk.account.announced = {"line_gate": "event"}
    await desk.presence.tell_all()
    components = json.loads(desk.line.said[0][1])["cmps"]
    assert components["line_gate"] == {"p": "event"}


async def test_a_picture_that_breaks_the_line_twice_is_left_out_until_one_gets_through() -> None:
    desk = Desk()
    desk.picture = b"a picture"
    for _ in range(2):
        desk.line.is_lost_after = len(desk.line.said) + 4
        with pytest.raises(BrokerAway):
            await desk.presence.tell_all()
    desk.line.is_lost_after = 1_000
    before = len(desk.line.said)
    await desk.presence.tell_all()
    assert f"{ROOT}/snapshot" not in [topic for topic, _, _ in desk.line.said[before:]]
    await desk.presence.show()
    assert desk.line.said[-1][0] == f"{ROOT}/snapshot"
    assert desk.account.pictures_lost == 0
