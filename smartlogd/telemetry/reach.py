"""Whether the broker lets this device in: asked once, by someone who looks what is wrong."""

from __future__ import annotations

import asyncio

from smartlogd.telemetry.login import Login
from smartlogd.telemetry.mqtt import Line
from smartlogd.telemetry.options import MqttOptions
from smartlogd.telemetry.topics import Topics
from smartlogd.telemetry.trouble import BrokerAway

REACH_S = 4.0


async def reached(options: MqttOptions, login: Login, *, device: str, within_s: float = REACH_S) -> str:
    """Log in and hang up again; whom it was that answered. BrokerAway or BrokerRefuses where nobody lets us in.

    Under another name than the daemon's, whose connection the broker would end for it, and with a will of its own:
    should this be killed, nobody hears that the device is offline.
    """
    where = f"{options.host}:{options.reached_port}"
    will = f"{Topics(options.topic, device).root}/doctor"
    line = Line(options, login, name=f"smartlogd-{device}-doctor", will=will, heard=_nothing)
    try:
        async with asyncio.timeout(within_s):
            await line.open()
    except TimeoutError:
        what = f"The broker at {where} does not answer within {within_s:g} s."
        raise BrokerAway(what, "Check the network, and that it is a broker.") from None
    line.close()
    return where


def _nothing(_topic: str, _payload: bytes, _is_retained: bool) -> None:  # noqa: FBT001 - the shape that Line calls
    """What the broker sends meanwhile is not for us."""
