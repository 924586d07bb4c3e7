"""Sessions one after the other, and what is said of them; with a broker, in tests/services/test_mqtt_*.py."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from pathlib import Path

import pytest
from broker import fake, free_port
from speaker import FileFeed, Speaker, options

from smartlogd.telemetry.login import FILE, Login
from smartlogd.telemetry.options import MqttOptions
from smartlogd.telemetry.trouble import BrokerAway, BrokerRefuses


def device(tmp_path: Path, port: int, *, chance: float = 1.0, **more: object) -> Speaker:
    return Speaker(options(port, **more), FileFeed(tmp_path / "events"), chance=chance)


async def test_without_a_host_it_is_off_and_stops_when_told(tmp_path: Path) -> None:
    speaker = Speaker(MqttOptions(), FileFeed(tmp_path / "events"))
    async with speaker.running() as running:
        await asyncio.sleep(0)
        assert running.state()["word"] == "off"


async def test_a_broker_that_is_away_is_a_word_and_one_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    speaker = device(tmp_path, free_port(), retry_roof_s=0.1)
    with caplog.at_level(logging.INFO, "smartlogd"):
        async with speaker.running() as running:
            state = await speaker.until("away")
            while int(str(running.state()["failures"])) < 5:
                await asyncio.sleep(0.01)
            running.poke()
            running.beat_now()
    assert "not reached" in str(state["detail"])
    assert len(caplog.records) == 1
    assert json.loads(json.dumps(state))["host"] == "127.0.0.1"


def test_pauses_double_to_their_roof_and_a_refusal_waits_long(tmp_path: Path) -> None:
    broker = device(tmp_path, 1, retry_s=1.0, retry_roof_s=60.0).broker
    pauses = []
    for broker._failures in (1, 2, 3, 7, 5000):
        pauses.append(broker._pause_s(BrokerAway("away")))
    assert pauses == [1.0, 2.0, 4.0, 60.0, 60.0]
    broker._failures = 1
    assert broker._pause_s(BrokerRefuses("no")) == 60.0
    early = device(tmp_path, 1, retry_s=1.0, retry_roof_s=60.0, chance=0.0).broker
    early._failures = 3
    assert early._pause_s(BrokerAway("away")) == 1.0


async def test_it_says_when_a_password_goes_in_the_clear(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for host, is_said in (("broker.invalid", True), ("127.0.0.1", False)):
        caplog.clear()
        made = options(free_port(), host=host)
        speaker = Speaker(made, FileFeed(tmp_path / "events"), login=Login(username="door", password="hunter2"))
        async with speaker.running():
            await asyncio.sleep(0.05)
        assert ("unencrypted" in caplog.text) is is_said
        assert "hunter2" not in caplog.text


async def test_a_secret_that_cannot_be_read_any_more_is_a_refusal(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("hunter2")
    made = options(free_port(), username="door", password_file=tmp_path / FILE)
    speaker = Speaker(made, FileFeed(tmp_path / "events"), login=Login.of(made, state=tmp_path))
    (tmp_path / FILE).unlink()
    async with speaker.running():
        assert "is not there" in str((await speaker.until("refused"))["detail"])


async def test_a_stop_while_the_other_end_says_nothing_is_at_once(tmp_path: Path) -> None:
    with fake(lambda connection: connection.recv(1) and connection.settimeout(None)) as port:
        speaker = device(tmp_path, port)
        async with speaker.running():
            await asyncio.sleep(0.1)
            began_s = time.monotonic()
        assert time.monotonic() - began_s < 0.5
