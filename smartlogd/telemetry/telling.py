"""Events are told from the log, in its order; the place in the log moves on when the broker has acknowledged them."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from contextlib import suppress
from typing import NoReturn

from smartlogd.base.errors import SmartlogError
from smartlogd.base.health import Told
from smartlogd.base.ports import Feed
from smartlogd.base.time import Clock
from smartlogd.telemetry import health
from smartlogd.telemetry.options import MqttOptions
from smartlogd.telemetry.topics import Topics
from smartlogd.telemetry.trouble import BrokerTrouble
from smartlogd.telemetry.voice import Account, Voice

log = logging.getLogger("smartlogd.telemetry")

BATCH = 10
"""Events that wait for the broker's answer at one time."""
LOOK_S = 5.0
"""How often the log is looked at for new events when nobody says that there are any."""


class Telling:
    """Tells the events of one session; `told` is set after each time that some were."""

    def __init__(
        self, voice: Voice, *, options: MqttOptions, topics: Topics, feed: Feed, clock: Clock, account: Account
    ) -> None:
        self._voice, self._options, self._topics, self._feed = voice, options, topics, feed
        self._clock, self._account = clock, account
        self._news = asyncio.Event()

    def poke(self) -> None:
        """There are new events."""
        self._news.set()

    async def run(self, told: asyncio.Event) -> NoReturn:
        """Tell what nobody was told, for ever; a log that cannot be read is looked at again."""
        await self._pass_over()
        while True:
            self._news.clear()
            if await self._has_told():
                told.set()
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._news.wait()

    async def _has_told(self) -> bool:
        """Tell a few events; whether there were any."""
        try:
            batch = await self._feed.next(max(1, min(BATCH, self._voice.inflight // 2)))
            await self._tell(batch)
        except BrokerTrouble:
            raise
        except SmartlogError as error:
            self._account.trouble = str(error)
            self._account.remark("events not told", why=error.what, hint=error.hint)
            return False
        self._account.trouble = ""
        return bool(batch)

    async def _pass_over(self) -> None:
        """Leave out what is too old to be told, if the clock knows what that is."""
        now, late_h = self._clock.now(), self._options.late_h
        if not now.trusted:
            return
        with suppress(SmartlogError):  # it is said when the events are read, a moment later
            passed = await self._feed.skip(now.utc - dt.timedelta(hours=late_h))
            self._account.passed_over += passed
            if passed:
                log.info("events too old to be told", extra={"events": passed, "older_than_h": late_h})

    async def _tell(self, batch: tuple[Told, ...]) -> None:
        """Send them in their order, then wait for each."""
        sent = [(event.seq, *self._sent(event)) for event in batch]
        last: int | None = None
        try:
            for seq, topic, answer in sent:
                if answer is not None:
                    await self._voice.settle(topic, answer)
                    self._account.told += 1
                last = seq
        except BaseException:  # the connection ended, or we are stopped
            with suppress(SmartlogError):
                await self._acknowledge(last)
            raise
        await self._acknowledge(last)

    async def _acknowledge(self, last: int | None) -> None:
        if last is not None:
            await self._feed.told(last)

    def _sent(self, event: Told) -> tuple[str, asyncio.Future[int] | None]:
        told = health.told(event, self._clock.now(), names=self._options.names)
        if told is None:
            return "", None
        topic = self._topics.event(told[0])
        return topic, self._voice.send(topic, health.encoded(told[1]))
