"""The doctor asks a real broker whether this device is let in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from broker import ACL, Broker, listening, make_broker

from smartlogd.telemetry.login import Login
from smartlogd.telemetry.options import MqttOptions
from smartlogd.telemetry.reach import reached
from smartlogd.telemetry.trouble import BrokerRefuses

pytestmark = pytest.mark.services
DOOR, OWNER = {"username": "door", "password": "ajar"}, {"username": "smartlog", "password": "all"}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """One that asks for a password and keeps to our access list."""
    logins = {login["username"]: login["password"] for login in (DOOR, OWNER)}
    made = make_broker(tmp_path / "broker", passwords=logins, acl=ACL.read_text())
    made.start()
    yield made
    made.kill()


def options(broker: Broker, **more: Any) -> MqttOptions:
    return MqttOptions(host="127.0.0.1", port=broker.port, tls=False, **more)


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
async def test_a_device_that_is_let_in_is_told_by_whom_and_nobody_hears_of_it(broker: Broker, protocol: str) -> None:
    asked = options(broker, protocol=protocol)
    async with listening(broker, **OWNER) as listener:
        assert await reached(asked, Login(**DOOR), device="door") == f"127.0.0.1:{broker.port}"
        await listener.say("smartlogd/door/mark", b"")
        await listener.until(lambda: bool(listener.of("smartlogd/door/mark")))
        assert [str(message.topic) for message in listener.messages] == ["smartlogd/door/mark"]


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
async def test_a_wrong_password_is_told_as_one(broker: Broker, protocol: str) -> None:
    with pytest.raises(BrokerRefuses):
        await reached(options(broker, protocol=protocol), Login(username="door", password="shut"), device="door")


async def test_the_daemon_s_own_connection_is_left_alone(broker: Broker) -> None:
    daemon = aiomqtt.Client("127.0.0.1", broker.port, identifier="smartlogd-door", **DOOR)
    async with daemon:
        await reached(options(broker), Login(**DOOR), device="door")
        await daemon.publish("smartlogd/door/status", b"online", qos=1)
