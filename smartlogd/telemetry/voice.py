"""Saying something to the broker: nothing too large, and whatever its rules refuse is said once and counted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from smartlogd.telemetry.mqtt import Line

log = logging.getLogger("smartlogd.telemetry")

_MOST_REMARKS = 100


@dataclass(slots=True)
class Account:
    """What is remembered from one session to the next."""

    told: int = 0
    passed_over: int = 0
    refused: int = 0
    too_large: int = 0
    beats: int = 0
    beat_s: float = float("-inf")
    """When the last one was sent, on the loop's clock."""
    announced: Mapping[str, str] | None = None
    """The components that Home Assistant was ever told of; None before that was asked."""
    pictures_lost: int = 0
    """How often in a row the connection ended while a picture was under way."""
    trouble: str = ""
    """Why the log cannot be told, where it cannot."""
    _remarks: set[str] = field(default_factory=set)

    def remark(self, what: str, **about: object) -> None:
        """Say something in the log, once."""
        mark = f"{what} {about}"
        if mark not in self._remarks and len(self._remarks) < _MOST_REMARKS:
            self._remarks.add(mark)
            log.warning(what, extra=about)


class Voice:
    """What is said on a line. BrokerTrouble where the line is gone, or is lost before the broker answered."""

    def __init__(self, line: Line, account: Account) -> None:
        self._line, self._account = line, account

    @property
    def inflight(self) -> int:
        """How many messages may wait for the broker's answer."""
        return self._line.inflight

    async def tell(self, topic: str, payload: bytes, *, retain: bool = False, worth_s: float | None = None) -> None:
        """Say it, and wait until the broker has it; it is worth so many seconds to whoever is not there."""
        answer = self.send(topic, payload, retain=retain, worth_s=worth_s)
        if answer is not None:
            await self.settle(topic, answer)

    def send(
        self, topic: str, payload: bytes, *, retain: bool = False, worth_s: float | None = None
    ) -> asyncio.Future[int] | None:
        """Say it; what to wait for with `settle`, or None for what is too large to be said."""
        if len(payload) <= self._line.most_bytes:
            return self._line.send(topic, payload, retain=retain, worth_s=worth_s)
        self._account.too_large += 1
        self._account.remark("message too large for the broker", topic=topic, most_bytes=self._line.most_bytes)
        return None

    async def settle(self, topic: str, answer: asyncio.Future[int]) -> None:
        """Wait until the broker has it, or has refused it for good."""
        if not await self._line.settled(answer):
            self._account.refused += 1
            self._account.remark("broker refuses a message", topic=topic, hint="look at its access list")
