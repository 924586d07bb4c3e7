"""Steps of routines at a real broker: asked for, done by somebody else, and through a broker that goes away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from broker import ACL, Broker, listening, make_broker, one_broker
from speaker import FileFeed, Speaker, options

from smartlogd.telemetry import hands

pytestmark = pytest.mark.services
STEP, DONE = "smartlogd/door/routine/step", "smartlogd/door/routine/done"
Made = Callable[..., Speaker]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with one_broker(tmp_path / "broker") as made:
        yield made


@pytest.fixture(params=["3.1.1", "5"])
def speaker(broker: Broker, tmp_path: Path, request: pytest.FixtureRequest) -> Made:
    def made(**told: Any) -> Speaker:
        return Speaker(options(broker.port, protocol=request.param, **told), FileFeed(tmp_path / "events"))

    return made


def step(**more: Any) -> dict[str, Any]:
    return {"id": str(uuid4()), "type": "treat", "duration_s": 0.0, "params": {"count": 1}, **more}


@pytest.mark.parametrize("commands", [True, False])
async def test_a_dispenser_hears_of_a_step_and_what_it_says_comes_back(
    broker: Broker, speaker: Made, commands: bool
) -> None:
    device, asked = speaker(commands=commands), step()
    async with listening(broker, STEP) as dispenser, device.running() as running:
        await device.until("online")
        acting = asyncio.create_task(running.act(asked, 10.0))
        await dispenser.until(lambda: bool(dispenser.messages))
        (message,) = dispenser.messages
        assert json.loads(bytes(message.payload)) == {**asked, "timeout_s": 10.0}
        assert (message.qos, message.retain) == (1, False)
        await dispenser.say(DONE, json.dumps({"id": str(uuid4()), "result": "failed"}))  # of no step of ours
        await dispenser.say(DONE, "nonsense")
        await dispenser.say(DONE, json.dumps({"id": asked["id"], "result": "done", "detail": "one treat"}))
        assert await asyncio.wait_for(acting, 5) == {"result": "done", "detail": "one treat"}
        assert device.commands == [], "it is no command"


async def test_nobody_there_is_a_timeout_and_no_broker_is_away(
    broker: Broker, speaker: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hands, "REACH_S", 0.3)
    assert await speaker(host="").broker.act(step(), 5.0) == {"result": "away"}
    device = speaker()
    async with device.running() as running:
        await device.until("online")
        assert await running.act(step(), 0.3) == {"result": "timeout"}
        broker.kill()
        await device.until("away")
        assert await running.act(step(), 5.0) == {"result": "away"}


async def test_a_step_is_asked_for_when_the_broker_is_there_again_and_answered_over_another_connection(
    broker: Broker, speaker: Made
) -> None:
    device, first, second = speaker(), step(), step()
    async with device.running() as running:
        await device.until("online")
        broker.kill()
        await device.until("away")
        acting = asyncio.create_task(running.act(first, 20.0))
        broker.start()
        async with listening(broker, STEP) as dispenser:
            await device.until("online")
            await asyncio.sleep(0.1)
            later = asyncio.create_task(running.act(second, 20.0))
            await dispenser.until(lambda: bool(dispenser.messages))
        broker.kill()
        await device.until("away")
        broker.start()
        await device.until("online")
        async with listening(broker, STEP) as dispenser:
            for asked in (first, second):
                await dispenser.say(DONE, json.dumps({"id": asked["id"], "result": "done"}))
            assert await asyncio.wait_for(asyncio.gather(acting, later), 5) == [{"result": "done"}] * 2


async def test_a_treat_is_not_for_whoever_comes_later(broker: Broker, tmp_path: Path) -> None:
    """A broker of version 5 does not hand it to a dispenser that was away for longer than the step is worth."""
    import aiomqtt

    device = Speaker(options(broker.port, protocol="5"), FileFeed(tmp_path / "events"))
    login: dict[str, Any] = {
        "hostname": "127.0.0.1", "port": broker.port, "identifier": "dispenser", "protocol": aiomqtt.ProtocolVersion.V5,
        "clean_start": False, "properties": _kept(),
    }  # fmt: skip
    async with aiomqtt.Client(**login) as dispenser:
        await dispenser.subscribe(STEP, qos=1)
    async with device.running() as running:
        await device.until("online")
        assert await running.act(step(), 1.0) == {"result": "timeout"}
        kept = step()
        acting = asyncio.create_task(running.act(kept, 30.0))
        await asyncio.sleep(1.5)
        async with aiomqtt.Client(**login) as dispenser:
            async with asyncio.timeout(5):
                message = await anext(dispenser.messages)
            assert json.loads(bytes(message.payload))["id"] == kept["id"], "the first is worth nothing any more"
        acting.cancel()
        await asyncio.gather(acting, return_exceptions=True)


def _kept() -> Any:
    """A session that outlives its connection by a minute."""
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    asked = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    asked.SessionExpiryInterval = 60
    return asked


async def test_the_centres_rules_let_a_device_ask_and_hear(tmp_path: Path) -> None:
    passwords = {"door": "d", "smartlog": "s"}
    broker = make_broker(tmp_path / "broker", passwords=passwords, acl=ACL.read_text())
    broker.start()
    try:
        from smartlogd.telemetry.login import Login

        settings, asked = options(broker.port, username="door"), step()
        device = Speaker(settings, FileFeed(tmp_path / "events"), login=Login(username="door", password="d"))
        async with listening(broker, STEP, username="smartlog", password="s") as dispenser, device.running() as running:
            await device.until("online")
            acting = asyncio.create_task(running.act(asked, 10.0))
            await dispenser.until(lambda: bool(dispenser.messages))
            await dispenser.say(DONE, json.dumps({"id": asked["id"], "result": "done"}))
            assert await asyncio.wait_for(acting, 5) == {"result": "done"}
    finally:
        broker.kill()
