"""What stands at the broker about this device: how it fares, how its things stand, what Home Assistant makes of it.

A heartbeat says how things are now: one that could not be sent is worth nothing later, so none is ever kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NoReturn

from smartlogd.base.health import Heartbeat
from smartlogd.telemetry import discovery, health
from smartlogd.telemetry.options import MqttOptions
from smartlogd.telemetry.topics import LINE, Thing, Topics
from smartlogd.telemetry.voice import Account, Voice

BEAT_GAP_S = 1.0
"""The least time between two heartbeats, whatever happens."""
_MOST_PICTURES_LOST = 2


class Presence:
    """Keeps it up to date for one session. `beat` gives the heartbeat of now, `picture` the last snapshot."""

    def __init__(
        self,
        voice: Voice,
        *,
        options: MqttOptions,
        topics: Topics,
        version: str,
        beat: Callable[[], Heartbeat],
        heartbeat_s: float,
        picture: Callable[[], bytes | None],
        account: Account,
    ) -> None:
        self._voice, self._options, self._topics, self._version = voice, options, topics, version
        self._beat, self._heartbeat_s, self._picture, self._account = beat, heartbeat_s, picture, account
        self._stood: dict[str, bytes] = {}
        self._lines: tuple[str, ...] = ()

    async def tell_all(self) -> None:
        """Everything that whoever has just come must know."""
        beat = self._beat()
        await self._announce(beat)
        await self._tell(beat, self._standing(beat))
        if self._account.pictures_lost < _MOST_PICTURES_LOST:
            await self.show()

    async def run(self, fresh: asyncio.Event) -> NoReturn:
        """Beat for ever, and early when `fresh` is set."""
        while True:
            await asyncio.sleep(BEAT_GAP_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, self._heartbeat_s - BEAT_GAP_S)):
                    await fresh.wait()
            fresh.clear()
            await self._tell_changed()

    async def show(self) -> None:
        """Show the last picture."""
        picture = self._picture()
        if picture is not None:
            self._account.pictures_lost += 1
            await self._voice.tell(self._topics.snapshot, picture)
            self._account.pictures_lost = 0

    async def _tell_changed(self) -> None:
        """The heartbeat, and before it whatever stands otherwise than it did."""
        beat = self._beat()
        if _lines(beat) != self._lines:
            await self._announce(beat)
        standing = self._standing(beat)
        await self._tell(beat, {topic: how for topic, how in standing.items() if self._stood.get(topic) != how})

    async def _announce(self, beat: Heartbeat) -> None:
        """Tell Home Assistant what there is; or, where that is not wanted, that there is nothing any more."""
        topic, before = self._topics.discovery(self._options.discovery_topic), self._account.announced or {}
        self._lines = _lines(beat)
        if self._options.discovery:
            offer = discovery.Offer(self._version, self._lines, self._options.commands, self._heartbeat_s)
            message = discovery.announced(self._topics, offer, before)
            await self._voice.tell(topic, health.encoded(message), retain=True)
            self._account.announced = discovery.platforms(message)
        elif before:
            await self._voice.tell(topic, b"", retain=True)
            self._account.announced = {}

    async def _tell(self, beat: Heartbeat, standing: Mapping[str, bytes]) -> None:
        for topic, how in standing.items():
            await self._voice.tell(topic, how, retain=True)
            self._stood[topic] = how
        message = health.rendered(beat, names=self._options.names)
        await self._voice.tell(self._topics.state, health.encoded(message), retain=True)
        self._account.beats += 1
        self._account.beat_s = asyncio.get_running_loop().time()

    def _standing(self, beat: Heartbeat) -> dict[str, bytes]:
        """How each thing stands, by its topic; nothing for lines that went, which takes away what stood there."""
        gone = dict.fromkeys(self._stood, b"")
        lines = {
            self._topics.state_of(Thing(LINE, line.name)): health.encoded(health.line_state(line))
            for line in beat.lines
            if not line.is_gone
        }
        return gone | lines | {self._topics.state_of(Thing("pause")): health.pause_state(beat).encode()}


def _lines(beat: Heartbeat) -> tuple[str, ...]:
    """The lines that there are: not those that were passed today and taken away since."""
    return tuple(line.name for line in beat.lines if not line.is_gone)
