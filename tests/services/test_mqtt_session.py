"""A session with a real broker: what is told when it begins, what is told later, and what may be asked."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from broker import Broker, listening, make_broker, one_broker
from speaker import FileFeed, Speaker, options

from smartlogd.base.errors import DiskTrouble
from smartlogd.base.health import Command, LineToday
from smartlogd.telemetry.options import MqttOptions

ROOT = "smartlogd/door"
CONFIG = "homeassistant/device/smartlogd_door/config"

Made = Callable[..., Speaker]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with one_broker(tmp_path / "broker") as made:
        yield made


@pytest.fixture(params=["3.1.1", "5"])
def speaker(broker: Broker, tmp_path: Path, request: pytest.FixtureRequest) -> Made:
    def made(*, set_to: MqttOptions | None = None, **more: Any) -> Speaker:
        feed = more.pop("feed", None) or FileFeed(tmp_path / "events")
        told = {key: more.pop(key) for key in list(more) if key in MqttOptions.model_fields}
        return Speaker(options(broker.port, protocol=request.param, **told), feed, **more)

    return made


async def test_a_session_is_born_with_all_that_whoever_comes_later_must_know(broker: Broker, speaker: Made) -> None:
    device = speaker(picture=b"\xff\xd8 a picture")
    async with listening(broker) as listener, device.running():
        await listener.until(lambda: bool(listener.of(f"{ROOT}/snapshot")))
        order = [str(message.topic).removeprefix(f"{ROOT}/") for message in listener.messages]
        assert order == ["status", CONFIG, "line/door/state", "pause/state", "state", "snapshot"]
        async with listening(broker) as later:
            await later.until(lambda: len(later.messages) >= 5)
            said = {str(message.topic): bytes(message.payload) for message in later.messages}
    assert said.pop(f"{ROOT}/status") == b"online"
    assert json.loads(said.pop(f"{ROOT}/state"))["in_today"] == 2
    assert json.loads(said.pop(f"{ROOT}/line/door/state")) == {"in": 2, "out": 1, "counting": True}
    assert said.pop(f"{ROOT}/pause/state") == b"OFF"
    assert json.loads(said.pop(CONFIG))["cmps"]["line_door"]["p"] == "event"
    assert said == {}, "no picture is left at the broker"


async def test_a_stop_says_offline_at_once_and_the_broker_keeps_it(broker: Broker, speaker: Made) -> None:
    async with listening(broker, f"{ROOT}/status") as listener:
        async with speaker().running():
            await listener.until(lambda: listener.of(f"{ROOT}/status") == [b"online"])
            began_s = time.monotonic()
        assert time.monotonic() - began_s < 1.0
        await listener.until(lambda: listener.of(f"{ROOT}/status") == [b"online", b"offline"])
        async with listening(broker, f"{ROOT}/status") as later:
            await later.until(lambda: later.of(f"{ROOT}/status") == [b"offline"])
            assert later.messages[0].retain


async def test_home_assistant_is_told_everything_again_when_it_has_started(broker: Broker, speaker: Made) -> None:
    async with listening(broker) as listener, speaker(picture=b"a picture").running():
        await listener.until(lambda: bool(listener.of(f"{ROOT}/snapshot")))
        listener.messages.clear()
        await listener.say("homeassistant/status", "offline")
        await listener.say("homeassistant/status", "online")
        await listener.until(lambda: bool(listener.of(f"{ROOT}/snapshot")))
    told = [str(message.topic).removeprefix(f"{ROOT}/") for message in listener.messages][2:7]
    assert told == [CONFIG, "line/door/state", "pause/state", "state", "snapshot"]


async def test_events_are_told_in_order_each_with_its_id(broker: Broker, speaker: Made) -> None:
    device = speaker()
    device.feed.append(25)
    async with listening(broker, f"{ROOT}/event/#") as listener, device.running() as running:
        await listener.until(lambda: len(listener.messages) == 25)
        device.feed.append(3)
        running.poke()
        await listener.until(lambda: len(listener.messages) == 28, 2)
    told = [json.loads(bytes(message.payload)) for message in listener.messages]
    assert [one["id"] for one in told] == [str(UUID(int=seq)) for seq in range(1, 29)]
    assert {one["event_type"] for one in told} == {"in", "out"}
    assert not any(message.retain for message in listener.messages)
    assert device.broker.state()["told"] == 28


async def test_what_is_of_no_interest_to_others_is_passed_over_and_not_told(broker: Broker, speaker: Made) -> None:
    device = speaker()
    device.feed.append(2, type_="device_started")
    device.feed.append(1)
    async with listening(broker, f"{ROOT}/event/#") as listener, device.running():
        await listener.until(lambda: len(listener.messages) == 1)
    assert device.broker.state()["told"] == 1
    assert await device.feed.next(1) == ()


async def test_events_from_long_ago_are_passed_over_and_counted(broker: Broker, speaker: Made) -> None:
    device = speaker(late_h=1.0)
    device.feed.append(7, dt.datetime.now(dt.UTC) - dt.timedelta(hours=2))
    device.feed.append(1)
    async with listening(broker, f"{ROOT}/event/#") as listener, device.running():
        await listener.until(lambda: len(listener.messages) == 1)
    assert device.broker.state()["passed_over"] == 7
    assert json.loads(listener.messages[0].payload)["id"] == str(UUID(int=8))  # type: ignore[arg-type]


async def test_a_clock_that_is_not_trusted_passes_nothing_over(broker: Broker, speaker: Made) -> None:
    device = speaker(late_h=1.0)
    device.clock.is_trusted = False
    device.feed.append(7, dt.datetime.now(dt.UTC) - dt.timedelta(hours=2))
    async with listening(broker, f"{ROOT}/event/#") as listener, device.running():
        await listener.until(lambda: len(listener.messages) == 7)
    assert device.feed.passed_over == []


async def test_heartbeats_come_at_their_interval_and_early_when_something_is_new(broker: Broker, speaker: Made) -> None:
    device = speaker(heartbeat_s=1.5)
    async with listening(broker, f"{ROOT}/state") as listener, device.running() as running:
        await listener.until(lambda: len(listener.messages) == 3, 4.5)
        running.beat_now()
        before_s = time.monotonic()
        await listener.until(lambda: len(listener.messages) == 4)
        assert time.monotonic() - before_s < 1.4


async def test_lines_that_come_and_go_are_announced_and_taken_away(broker: Broker, speaker: Made) -> None:
    device = speaker()
    async with listening(broker) as listener, device.running() as running:
        await device.until("online")
        device.heartbeat = replace(device.heartbeat, lines=(LineToday("gate 2", 0, 0, is_counting=False),))
        running.beat_now()
        await listener.until(lambda: len(listener.of(CONFIG)) == 2)
        await listener.until(lambda: len(listener.of(f"{ROOT}/state")) == 2)
    components = json.loads(listener.of(CONFIG)[1])["cmps"]
    assert components["line_door"] == {"p": "event"}
    assert components["line_gate%202"]["name"] == "gate 2"
    assert json.loads(listener.of(f"{ROOT}/line/gate%202/state")[0])["counting"] is False
    assert listener.of(f"{ROOT}/line/door/state")[-1] == b"", "what is retained of the old line is taken away"


async def test_a_line_that_went_while_the_daemon_was_not_there_is_taken_away(
    broker: Broker, speaker: Made, tmp_path: Path
) -> None:
    async with speaker().running() as running:
        while running.state()["word"] != "online":
            await asyncio.sleep(0.01)
    later = speaker()
    later.heartbeat = replace(later.heartbeat, lines=())
    async with listening(broker, CONFIG) as listener, later.running():
        await listener.until(lambda: len(listener.messages) == 2)
    assert json.loads(listener.of(CONFIG)[1])["cmps"]["line_door"] == {"p": "event"}


async def test_without_discovery_the_device_is_taken_away_from_home_assistant(broker: Broker, speaker: Made) -> None:
    async with speaker().running() as running:
        while running.state()["word"] != "online":
            await asyncio.sleep(0.01)
    async with listening(broker, CONFIG) as listener, speaker(discovery=False).running():
        await listener.until(lambda: len(listener.messages) == 2)
    assert listener.of(CONFIG)[1] == b""


async def test_a_pause_is_a_switch_whose_state_is_kept(broker: Broker, speaker: Made) -> None:
    device = speaker(outcome={"paused": True})
    async with listening(broker) as listener, device.running():
        await device.until("online")
        device.heartbeat = replace(device.heartbeat, camera_status="paused")
        await listener.say(f"{ROOT}/pause/set", "ON")
        await listener.until(lambda: listener.of(f"{ROOT}/pause/state") == [b"OFF", b"ON"], 3)
    assert device.commands == [Command("pause")]
    answer = json.loads(listener.of(f"{ROOT}/pause/result")[0])
    assert (answer["command"], answer["ok"], answer["paused"]) == ("pause", True, True)


async def test_a_snapshot_that_was_asked_for_is_shown(broker: Broker, speaker: Made) -> None:
    device = speaker()
    async with listening(broker) as listener, device.running():
        await device.until("online")
        device.picture = b"x" * 200_000
        await listener.say(f"{ROOT}/snapshot/set", "PRESS")
        await listener.until(lambda: bool(listener.of(f"{ROOT}/snapshot")))
    assert listener.of(f"{ROOT}/snapshot") == [device.picture]
    assert not listener.messages[-1].retain


async def test_a_retained_command_is_refused_and_the_answer_says_why(broker: Broker, speaker: Made) -> None:
    device = speaker()
    async with listening(broker) as listener:
        await listener.say(f"{ROOT}/snapshot/set", "PRESS", retain=True)
        async with device.running():
            await listener.until(lambda: bool(listener.of(f"{ROOT}/snapshot/result")))
    answer = json.loads(listener.of(f"{ROOT}/snapshot/result")[0])
    assert answer["ok"] is False
    assert "retained" in answer["why"]
    assert device.commands == []


async def test_messages_that_are_no_commands_are_refused_or_passed_over(broker: Broker, speaker: Made) -> None:
    device = speaker()
    async with listening(broker) as listener, device.running():
        await device.until("online")
        await listener.say(f"{ROOT}/nonsense/set", "PRESS")
        await listener.say(f"{ROOT}/restart/set", "x" * 9000)
        await listener.say(f"{ROOT}/restart/set", "[" * 8000)
        await listener.until(lambda: len(listener.of(f"{ROOT}/restart/result")) == 2)
    assert device.commands == []
    why = [json.loads(answer)["why"] for answer in listener.of(f"{ROOT}/restart/result")]
    assert "9000 bytes" in why[0]
    assert "JSON" in why[1]


async def test_a_command_that_fails_is_answered_with_the_reason(broker: Broker, speaker: Made) -> None:
    device = speaker(outcome=DiskTrouble("The disk is full.", "Make room."))
    async with listening(broker) as listener, device.running():
        await device.until("online")
        await listener.say(f"{ROOT}/sync/set", "PRESS")
        await listener.until(lambda: bool(listener.of(f"{ROOT}/sync/result")))
    answer = json.loads(listener.of(f"{ROOT}/sync/result")[0])
    assert (answer["ok"], answer["why"], answer["hint"]) == (False, "The disk is full.", "Make room.")


async def test_a_flood_of_commands_is_dropped_but_for_a_few_and_counted(broker: Broker, speaker: Made) -> None:
    device = speaker(hold=asyncio.Event())
    async with listening(broker) as listener, device.running():
        await device.until("online")
        await asyncio.gather(*(listener.say(f"{ROOT}/sync/set", "PRESS") for _ in range(60)))
        assert device.hold is not None
        while device.broker.state()["commands_refused"] != 51:
            await asyncio.sleep(0.01)
        device.hold.set()
        await listener.until(lambda: len(listener.of(f"{ROOT}/sync/result")) == 9)
    assert len(device.commands) == 9, "the one that was held, and eight that waited"


async def test_a_command_goes_on_when_the_broker_dies_under_it(broker: Broker, speaker: Made) -> None:
    device = speaker(hold=asyncio.Event(), outcome={"rows": 3})
    async with device.running():
        async with listening(broker) as listener:
            await device.until("online")
            await listener.say(f"{ROOT}/sync/set", "PRESS")
            while not device.commands:
                await asyncio.sleep(0.01)
            broker.kill()
        broker.start()
        assert device.hold is not None
        await device.until("online")
        device.hold.set()
        while device.broker.state()["commands"] != 1:
            await asyncio.sleep(0.01)
    assert device.commands == [Command("sync")]


async def test_without_commands_nothing_is_obeyed(broker: Broker, speaker: Made) -> None:
    device = speaker(commands=False)
    async with listening(broker) as listener, device.running():
        await device.until("online")
        await listener.say(f"{ROOT}/sync/set", "PRESS")
        await listener.say("homeassistant/status", "online")
        await listener.until(lambda: len(listener.of(f"{ROOT}/state")) == 2)
    assert device.commands == []
    assert "restart" not in json.loads(listener.of(CONFIG)[0])["cmps"]


async def test_a_message_that_is_too_large_is_not_sent(
    broker: Broker, speaker: Made, caplog: pytest.LogCaptureFixture
) -> None:
    device = speaker(picture=b"x" * (256 * 1024 + 1))
    with caplog.at_level(logging.WARNING, "smartlogd"):
        async with listening(broker) as listener, device.running():
            await device.until("online")
            device.picture = b"x" * (256 * 1024)
            await listener.say(f"{ROOT}/snapshot/set", "PRESS")
            await listener.until(lambda: bool(listener.of(f"{ROOT}/snapshot")))
    assert [len(picture) for picture in listener.of(f"{ROOT}/snapshot")] == [256 * 1024]
    assert "message too large for the broker" in caplog.text


async def test_two_devices_of_one_name_put_each_other_out_and_are_told_so(
    broker: Broker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = (Speaker(options(broker.port), FileFeed(tmp_path / name)) for name in "ab")
    async with first.running(), second.running():
        async with asyncio.timeout(20):
            while "another device of the same name" not in str(first.broker.state()["detail"]):
                await asyncio.sleep(0.01)
    assert len(caplog.records) <= 8, "however often they do"


async def test_a_log_that_cannot_be_read_is_a_trouble_that_passes(
    broker: Broker, speaker: Made, tmp_path: Path
) -> None:
    class Sick(FileFeed):
        is_sick = True

        async def next(self, most: int) -> Any:
            if self.is_sick:
                raise DiskTrouble("The log cannot be read.")
            return await super().next(most)

    feed = Sick(tmp_path / "events")
    device = speaker(feed=feed)
    feed.append(1)
    async with listening(broker, f"{ROOT}/event/#") as listener, device.running() as running:
        await device.until("online")
        while not running.state()["detail"]:
            await asyncio.sleep(0.01)
        assert running.state()["detail"] == "The log cannot be read."
        feed.is_sick = False
        running.poke()
        await listener.until(lambda: len(listener.messages) == 1)
        async with asyncio.timeout(5):
            while running.state()["detail"]:
                await asyncio.sleep(0.01)


async def test_nothing_is_done_where_no_broker_is_named(tmp_path: Path) -> None:
    device = Speaker(MqttOptions(), FileFeed(tmp_path / "events"))
    async with device.running() as running:
        await asyncio.sleep(0.05)
        running.poke()
        running.beat_now()
        assert running.state()["word"] == "off"
    assert device.beats == 0


async def test_a_mistake_of_ours_is_not_hidden(broker: Broker, tmp_path: Path) -> None:
    device = Speaker(options(broker.port), FileFeed(tmp_path / "events"))
    device.heartbeat = None  # type: ignore[assignment]
    with pytest.raises(ExceptionGroup):
        await asyncio.wait_for(device.broker.run(), 10)


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
async def test_a_broker_that_takes_no_pictures_is_told_all_the_rest(tmp_path: Path, protocol: str) -> None:
    """Version 5 says how much is taken; with 3.1.1 the connection breaks, and after two times the picture stays out."""
    small = make_broker(tmp_path / "small", more="max_packet_size 65536")
    small.start()
    device = Speaker(options(small.port, protocol=protocol), FileFeed(tmp_path / "events"), picture=b"x" * 100_000)
    device.feed.append(1)
    try:
        async with listening(small) as listener, device.running() as running:
            await listener.until(lambda: bool(listener.of(f"{ROOT}/event/crossing")))
            assert running.state()["failures"] == {"3.1.1": 2, "5": 0}[protocol]
            assert listener.of(f"{ROOT}/snapshot") == []
    finally:
        small.kill()
