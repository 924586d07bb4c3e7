"""One session with the broker: listened to, told everything at first, kept up to date, and said goodbye to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn

from smartlogd.base.health import Heartbeat
from smartlogd.base.known import Json
from smartlogd.base.ports import Feed
from smartlogd.base.time import Clock
from smartlogd.telemetry import discovery, health
from smartlogd.telemetry.hands import Hands
from smartlogd.telemetry.login import Login
from smartlogd.telemetry.mqtt import Line, promised_s
from smartlogd.telemetry.options import MqttOptions
from smartlogd.telemetry.orders import Orders
from smartlogd.telemetry.presence import Presence
from smartlogd.telemetry.telling import Telling
from smartlogd.telemetry.topics import Thing, Topics, birth
from smartlogd.telemetry.trouble import BrokerTrouble
from smartlogd.telemetry.voice import Account, Voice

REBIRTH_S = 3.0
"""Home Assistant, when it has started, is answered within so long: by every device it has, but not all at once."""
FAREWELL_S = 1.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What a session speaks of, and with whose words."""

    options: MqttOptions
    topics: Topics
    version: str
    feed: Feed
    clock: Clock
    beat: Callable[[], Heartbeat]
    heartbeat_s: float
    picture: Callable[[], bytes | None]
    orders: Orders
    hands: Hands
    chance: Callable[[], float]
    account: Account


class Session:
    """From `open` to `cut`; in between `run`. All else may be called while it runs."""

    def __init__(self, parts: Parts, login: Login) -> None:
        self._parts, self._topics, self._options = parts, parts.topics, parts.options
        self._discovery = parts.topics.discovery(parts.options.discovery_topic)
        self._birth = birth(parts.options.discovery_topic)
        name = f"smartlogd-{parts.topics.device}"
        self._line = Line(parts.options, login, name=name, will=parts.topics.status, heard=self._heard)
        self._voice = Voice(self._line, parts.account)
        self._telling = Telling(
            self._voice,
            options=parts.options,
            topics=parts.topics,
            feed=parts.feed,
            clock=parts.clock,
            account=parts.account,
        )
        self._presence = Presence(
            self._voice,
            options=parts.options,
            topics=parts.topics,
            version=parts.version,
            beat=parts.beat,
            heartbeat_s=parts.heartbeat_s,
            picture=parts.picture,
            account=parts.account,
        )
        self._fresh, self._reborn = asyncio.Event(), asyncio.Event()
        self._earlier: Mapping[str, str] = {}

    async def open(self) -> None:
        """Connect; BrokerAway or BrokerRefuses."""
        await self._line.open()

    async def run(self, online: Callable[[], None]) -> NoReturn:
        """Tell and listen until the connection ends (BrokerTrouble); calls `online` once all was told that is first."""
        await _together(self._until_ended(), self._watch(), self._live(online))

    async def farewell(self) -> None:
        """Say "offline" and goodbye, within 1 s."""
        with suppress(TimeoutError, BrokerTrouble):
            async with asyncio.timeout(FAREWELL_S):
                await self._voice.tell(self._topics.status, b"offline", retain=True)
                self._line.close()

    def cut(self) -> None:
        """Hang up without a word."""
        self._line.cut()

    def poke(self) -> None:
        """There are new events, or something else is new."""
        self._telling.poke()
        self._fresh.set()

    def beat_now(self) -> None:
        """Send a heartbeat soon."""
        self._fresh.set()

    async def answer(self, thing: Thing, message: Mapping[str, Json]) -> None:
        """Say what became of a command; BrokerTrouble when the connection ends meanwhile."""
        await self._voice.tell(self._topics.result(thing), health.encoded(message))
        if thing.what == "snapshot" and message.get("ok"):
            await self._presence.show()
        self._fresh.set()

    async def ask(self, step: bytes, worth_s: float) -> None:
        """Ask for a step of a routine; BrokerTrouble when the connection ends before the broker has it."""
        await self._voice.tell(self._topics.step, step, worth_s=worth_s)

    def _heard(self, topic: str, payload: bytes, is_retained: bool) -> None:  # noqa: FBT001 - as Line calls it
        if topic == self._birth:
            if payload == b"online" and not is_retained:  # a retained one is old: whoever said it was told at birth
                self._reborn.set()
        elif topic == self._discovery:
            self._earlier = discovery.announced_before(payload)
        elif topic == self._topics.done:
            self._parts.hands.heard(payload, is_retained=is_retained)
        else:
            self._parts.orders.heard(topic, payload, is_retained=is_retained)

    async def _until_ended(self) -> NoReturn:
        raise await self._line.ended()

    async def _watch(self) -> NoReturn:
        """Ask for a sign of life, so that after 1.5 x keepalive without one the connection is given up."""
        keepalive_s = self._options.keepalive_s
        while True:
            await asyncio.sleep(promised_s(keepalive_s) / 2)
            await self._line.ask(f"{self._topics.root}/alive", keepalive_s)

    async def _live(self, online: Callable[[], None]) -> None:
        await self._listen()
        await self._voice.tell(self._topics.status, b"online", retain=True)
        await self._presence.tell_all()
        online()
        await _together(self._telling.run(self._fresh), self._presence.run(self._fresh), self._be_reborn())

    async def _listen(self) -> None:
        """Subscribe, and learn what an earlier run of this device told Home Assistant."""
        account, filters = self._parts.account, self._filters()
        for denied in await self._line.listen(filters) if filters else ():
            account.remark("broker denies a subscription", topic=denied, hint="look at its access list")
        if account.announced is None:
            # What is retained was sent before this is answered, and more of that topic is not wanted.
            await self._line.ask(self._discovery, self._options.keepalive_s)
            account.announced = self._earlier

    def _filters(self) -> list[str]:
        wanted = {self._birth: self._options.discovery, self._discovery: self._parts.account.announced is None}
        commands = self._topics.commands if self._options.commands else ()
        return [*commands, self._topics.done, *(topic for topic, is_wanted in wanted.items() if is_wanted)]

    async def _be_reborn(self) -> NoReturn:
        """Tell everything again when Home Assistant has started."""
        while True:
            await self._reborn.wait()
            await asyncio.sleep(REBIRTH_S * self._parts.chance())
            self._reborn.clear()
            await self._presence.tell_all()


async def _together(*walks: Coroutine[Any, Any, None]) -> NoReturn:
    """Run them until the first fails, and raise that; a mistake of ours before the end of the connection.

    Not a TaskGroup: one whose children fail at the instant at which it is cancelled forgets that it was, and then a
    daemon that is to stop would connect again instead.
    """
    tasks = [asyncio.create_task(walk) for walk in walks]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    failed = [end for end in ends if end is not None and not isinstance(end, asyncio.CancelledError)]
    raise min(failed, key=lambda error: isinstance(error, BrokerTrouble))
