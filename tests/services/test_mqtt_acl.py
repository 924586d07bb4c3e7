"""The broker of config/central: a device can do all that it needs, and touches nothing of another's."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from broker import Broker, listening, make_broker
from speaker import FileFeed, Speaker, options

from smartlogd.telemetry.login import Login

CONFIG = Path(__file__).parents[2] / "config" / "central" / "mosquitto"
PASSWORDS = {"smartlog": "everything", "door": "hunter2", "hall": "hunter3"}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A Mosquitto with the very settings and the very access list of config/central, in another folder."""
    made = make_broker(tmp_path / "broker", tls=True, passwords=PASSWORDS)
    (made.folder / "acl").write_text((CONFIG / "acl").read_text())
    settings = (CONFIG / "mosquitto.conf").read_text()
    moved = {"listener 8883": f"listener {made.port} 127.0.0.1"}
    moved |= {f"/mosquitto/{folder}/": f"{made.folder}/" for folder in ("tls", "data")}
    for theirs, ours in moved.items():
        assert theirs in settings
        settings = settings.replace(theirs, ours)
    users = [line for line in made.settings.splitlines() if line.startswith("user ")]
    (made.folder / "mosquitto.conf").write_text("\n".join([settings, *users, ""]))
    made.start()
    yield made
    made.kill()


def login(broker: Broker, name: str) -> dict[str, Any]:
    assert broker.authority is not None
    tls = aiomqtt.TLSParameters(str(broker.authority.path))
    return {"hostname": "localhost", "username": name, "password": PASSWORDS[name], "tls_params": tls}


def device(broker: Broker, tmp_path: Path, name: str, **more: Any) -> Speaker:
    assert broker.authority is not None
    settings = options(broker.port, **{"tls": True, "host": "localhost", "ca_file": broker.authority.path, **more})
    shown = Login(username="door", password=PASSWORDS["door"], ca=broker.authority.path)
    return Speaker(settings, FileFeed(tmp_path / f"events-{name}"), login=shown, name=name)


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
async def test_a_device_can_do_all_that_it_needs(broker: Broker, tmp_path: Path, protocol: str) -> None:
    async with listening(broker, **login(broker, "smartlog")) as listener:
        speaker = device(broker, tmp_path, "door", protocol=protocol)
        speaker.picture = b"x" * (256 * 1024)
        speaker.feed.append(3)
        async with speaker.running() as running:
            await listener.until(lambda: len(listener.of("smartlogd/door/event/crossing")) == 3)
            await listener.until(lambda: bool(listener.of("smartlogd/door/snapshot")))
            await listener.say("smartlogd/door/sync/set", "PRESS")
            await listener.until(lambda: bool(listener.of("smartlogd/door/sync/result")))
            await listener.say("homeassistant/status", "online")
            await listener.until(lambda: len(listener.of("homeassistant/device/smartlogd_door/config")) == 2)
            assert running.state()["refused"] == 0
        await listener.until(lambda: listener.of("smartlogd/door/status") == [b"online", b"offline"])
        later = device(broker, tmp_path, "door", protocol=protocol, discovery=False)
        async with later.running():
            await listener.until(lambda: listener.of("homeassistant/device/smartlogd_door/config")[-1] == b"")


async def test_a_device_hears_and_says_nothing_of_another(broker: Broker) -> None:
    forbidden = ["smartlogd/hall/status", "smartlogd/hall/pause/set", "smartlogd/x", "x", "homeassistant/status"]
    forbidden += ["homeassistant/device/smartlogd_hall/config", "homeassistant/sensor/x/config", "$SYS/x"]
    async with (
        listening(broker, **login(broker, "smartlog")) as everything,
        listening(broker, **login(broker, "hall")) as hall,
        listening(broker, **login(broker, "door")) as door,
    ):
        for topic in forbidden:
            await door.say(topic, "from the door", retain=True)
        await hall.say("smartlogd/hall/status", "online")
        await door.say("smartlogd/door/status", "online")
        await everything.until(lambda: len(everything.messages) >= 2)
        await door.until(lambda: len(door.messages) >= 1)
        await asyncio.sleep(0.2)
    assert {str(message.topic) for message in everything.messages} == {"smartlogd/hall/status", "smartlogd/door/status"}
    assert {str(message.topic) for message in door.messages} == {"smartlogd/door/status"}
    assert not any(b"from the door" in bytes(message.payload) for message in hall.messages)


async def test_what_the_rules_refuse_is_said_once_and_counted(
    broker: Broker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "smartlogd"):
        speaker = device(broker, tmp_path, "hall")  # with the door's login
        speaker.feed.append(30)
        async with speaker.running() as running:
            async with asyncio.timeout(10):
                while int(str(running.state()["refused"])) < 35:
                    await asyncio.sleep(0.01)
            assert running.state()["word"] == "online", "it is no reason to come and go"
    said = [record for record in caplog.records if record.message == "broker refuses a message"]
    topics = [record.__dict__["topic"] for record in said]
    assert "smartlogd/hall/event/crossing" in topics
    assert len(topics) == len(set(topics)), "once for each topic"


async def test_whoever_has_no_password_stays_outside(broker: Broker, tmp_path: Path) -> None:
    speaker = device(broker, tmp_path, "door")
    speaker.broker._login = Login(ca=speaker.login.ca)
    async with speaker.running():
        await speaker.until("refused")
