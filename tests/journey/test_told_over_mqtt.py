"""A real daemon at a real broker: heard, asked as Home Assistant asks, and lost and found again."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import random
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from broker import Broker, Cable, Listener, fake, listening, one_broker
from device import STOP_S, Device, stopped
from fake_systemd import fake_systemd
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jsonschema import Draft202012Validator

ROOT = "smartlogd/yard"
CROSSING = f"{ROOT}/event/crossing"
CONFIG = "homeassistant/device/smartlogd_yard/config"
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "heartbeat.schema.json").read_text())


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with one_broker(tmp_path / "broker") as made:
        yield made


@pytest.fixture
def other_broker(tmp_path: Path) -> Iterator[Broker]:
    with one_broker(tmp_path / "other") as made:
        yield made


def tell(device: Device, port: int) -> None:
    """Have the device tell the broker at this port."""
    quick = "retry_s = 0.1\nretry_roof_s = 0.2\n"
    mqtt = f"[telemetry.mqtt]\nhost = '127.0.0.1'\nport = {port}\ntls = false\n{quick}"
    device.configure(more=f"[device]\nname = 'yard'\n[telemetry]\nheartbeat_s = 1\n{mqtt}")


async def until(device: Device, asked: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """The daemon's state once it is so; the listener hears on meanwhile."""
    return await asyncio.to_thread(device.until, asked)


def beats(listener: Listener) -> list[dict[str, Any]]:
    return [json.loads(payload) for payload in listener.of(f"{ROOT}/state")]


def crossings(listener: Listener) -> list[tuple[str, str]]:
    """Who passed, as was told: the event's uuid, and which way."""
    said = [json.loads(payload) for payload in listener.of(CROSSING)]
    return [(event["id"], event["event_type"]) for event in said]


async def acknowledged(listener: Listener) -> None:
    """Return once the device knows that what was heard so far was heard.

    It sends a heartbeat only when the one before was acknowledged, and acknowledgements come in order.
    """
    seen = len(beats(listener))
    await listener.until(lambda: len(beats(listener)) > seen + 1, 20.0)


class HomeAssistant:
    """What it makes of an announcement: entities, by the names of their components."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        said = json.loads(listener.of(CONFIG)[-1])
        self.entities: dict[str, dict[str, Any]] = {
            name: {"state_topic": said.get("state_topic"), **entity} for name, entity in said["cmps"].items()
        }
        self._jinja = ImmutableSandboxedEnvironment()
        self._jinja.globals["now"] = lambda: dt.datetime.now(dt.UTC)
        self._jinja.filters["random"] = random.choice

    async def press(self, name: str) -> dict[str, Any]:
        """Press a button; what is answered."""
        return await self._send(name, self.entities[name].get("payload_press", "PRESS"))

    async def turn(self, name: str, *, on: bool) -> dict[str, Any]:
        """Turn a switch, and wait until it shows it; what is answered."""
        key, usual = ("payload_on", "ON") if on else ("payload_off", "OFF")
        answer = await self._send(name, self.entities[name].get(key, usual))
        await self.listener.until(lambda: self.shown(name) == usual)
        return answer

    def shown(self, name: str) -> str:
        """How a switch stands."""
        entity = self.entities[name]
        payload = self.listener.of(entity["state_topic"])[-1].decode()
        template = entity.get("value_template")
        return self._rendered(template, value_json=json.loads(payload)) if template else payload

    async def _send(self, name: str, payload: str) -> dict[str, Any]:
        entity = self.entities[name]
        template = entity.get("command_template")
        result = f"{entity['command_topic'].removesuffix('/set')}/result"
        answered = len(self.listener.of(result))
        said = self._rendered(template, value=payload) if template else payload
        await self.listener.say(entity["command_topic"], said)
        await self.listener.until(lambda: len(self.listener.of(result)) > answered)
        return dict(json.loads(self.listener.of(result)[-1]))

    def _rendered(self, template: str, **values: object) -> str:
        return self._jinja.from_string(template).render(**values)


@asynccontextmanager
async def heard(broker: Broker) -> AsyncIterator[Listener]:
    """Somebody who hears of a device that is online and was announced."""
    async with listening(broker) as listener:
        await listener.until(lambda: listener.of(f"{ROOT}/status")[-1:] == [b"online"], 60.0)
        await listener.until(lambda: bool(listener.of(CONFIG) and beats(listener)))
        yield listener


async def test_every_control_of_home_assistant_does_what_it_says(broker: Broker, device: Device) -> None:
    tell(device, broker.port)
    with fake_systemd(device.folder, device.environment), device.running() as process:
        async with heard(broker) as listener:
            home = HomeAssistant(listener)
            await until(device, lambda state: state["frames"] > 0)
            assert home.shown("pause") == "OFF"
            assert (await home.turn("pause", on=True))["ok"] is True
            assert (await until(device, lambda state: state["paused"]))["camera"]["status"] == "paused"
            refused = await home.press("snapshot")
            assert (refused["ok"], refused["why"]) == (False, "The camera is paused.")
            assert (await home.turn("pause", on=False))["ok"] is True
            await until(device, lambda state: state["camera"]["status"] == "running")

            assert (await home.press("snapshot"))["ok"] is True
            await listener.until(lambda: bool(listener.of(home.entities["snapshot_image"]["image_topic"])))
            image = listener.of(home.entities["snapshot_image"]["image_topic"])[-1]
            assert cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR).shape == (480, 640, 3)
            assert not any(message.retain for message in listener.messages if str(message.topic).endswith("/snapshot"))

            alone = await home.press("sync")
            assert (alone["ok"], alone["why"]) == (False, "This device has joined no centre.")
            assert (await home.turn("counting_door", on=False))["counting"] is False
            assert (await home.turn("counting_door", on=True))["counting"] is True

            for beat in beats(listener):
                Draft202012Validator(SCHEMA).validate(beat)
            assert {beat["camera_status"] for beat in beats(listener)} >= {"running", "paused"}

            assert (await home.press("restart"))["ok"] is True
            assert await asyncio.to_thread(process.wait, STOP_S) == 0
            await listener.until(lambda: listener.of(f"{ROOT}/status")[-1] == b"offline")


async def test_who_passes_is_told_once_though_the_broker_dies_and_the_daemon_restarts(
    broker: Broker, device: Device
) -> None:
    tell(device, broker.port)
    with device.running() as process:
        async with heard(broker) as listener:
            await listener.until(lambda: bool(listener.of(CROSSING)), 60.0)
            await acknowledged(listener)
            told = crossings(listener)
        broker.kill()
        gone = await until(device, lambda state: state["mqtt"]["word"] == "away" and state["lines"]["door"]["O"])
        assert gone["pid"] == process.pid
        broker.start()
        async with heard(broker) as listener:
            await listener.until(lambda: bool(listener.of(CROSSING)))
            await acknowledged(listener)
            assert (await asyncio.to_thread(stopped, process, signal.SIGTERM))[0] == 0
            await listener.until(lambda: listener.of(f"{ROOT}/status")[-1] == b"offline")
            told += crossings(listener)
        async with listening(broker, f"{ROOT}/status") as later:
            await later.until(lambda: later.of(f"{ROOT}/status") == [b"offline"])
            assert later.messages[0].retain
    ways = {"I": "in", "O": "out"}
    rows = [(row["event_id"], ways[row["action"]]) for row in device.rows() if row["action"]]
    assert told == rows[: len(told)]
    assert {way for _, way in told} == {"in", "out"}

    with device.running() as process:
        async with heard(broker) as listener:
            await until(device, lambda state: state["mqtt"]["word"] == "online")
            await acknowledged(listener)  # by then it has told what it had to tell
            assert [crossing for crossing in crossings(listener) if crossing in told] == []
            assert (await asyncio.to_thread(stopped, process, signal.SIGTERM))[0] == 0


async def test_other_settings_move_it_to_another_broker_and_to_none(
    broker: Broker, other_broker: Broker, device: Device
) -> None:
    tell(device, broker.port)
    with device.running() as process:
        async with heard(broker) as listener:
            tell(device, other_broker.port)
            answer = await asyncio.to_thread(device.ask, "reload", "--json")
            assert json.loads(answer.stdout) == {"applied": ["telemetry.mqtt.port"], "restart_needed": []}
            await listener.until(lambda: listener.of(f"{ROOT}/status")[-1] == b"offline")
            async with heard(other_broker) as other:
                device.configure(more="[device]\nname = 'yard'\n")
                process.send_signal(signal.SIGHUP)
                await other.until(lambda: other.of(f"{ROOT}/status")[-1] == b"offline")
        state = await until(device, lambda state: state["mqtt"]["word"] == "off")
        assert state["pid"] == process.pid
        assert (await asyncio.to_thread(stopped, process, signal.SIGTERM))[0] == 0


def test_a_broker_that_takes_the_call_and_says_nothing_holds_up_no_stop(device: Device) -> None:
    called = asyncio.Event()

    def say_nothing(line: socket.socket) -> None:
        called.set()
        while line.recv(4096):
            pass

    with fake(say_nothing) as port:
        tell(device, port)
        with device.running() as process:
            device.until(lambda state: state["frames"] > 0 and called.is_set())
            code, err = stopped(process, signal.SIGTERM)
    assert code == 0, err
    assert "Traceback" not in err


async def test_a_network_that_dies_without_a_word_holds_up_no_stop_either(broker: Broker, device: Device) -> None:
    async with Cable(broker.port) as cable:
        tell(device, cable.port)
        with device.running() as process:
            async with heard(broker):
                await until(device, lambda state: state["mqtt"]["word"] == "online" and state["frames"] > 0)
                cable.is_pulled = True
                code, err = await asyncio.to_thread(stopped, process, signal.SIGTERM)
    assert code == 0, err
    assert "Traceback" not in err
