"""A line that goes nowhere: it keeps what is said, and answers as the test tells it to."""

from __future__ import annotations

import asyncio
from typing import cast

from smartlogd.telemetry.mqtt import Line
from smartlogd.telemetry.trouble import BrokerAway


class QuietLine(Line):
    """Stands in for the library only; what it would do on a real line is proven in tests/services."""

    def __init__(self) -> None:  # the library's own is not called: there is nothing to connect
        self.said: list[tuple[str, bytes, bool]] = []
        self.refused: set[str] = set()
        self.is_gone = False
        self.is_lost_after = 1_000_000
        self.most_bytes, self.inflight = 256 * 1024, 20

    def send(
        self, topic: str, payload: bytes, *, retain: bool = False, worth_s: float | None = None
    ) -> asyncio.Future[int]:
        if self.is_gone:
            raise BrokerAway("The connection to the broker was lost.")
        self.said.append((topic, payload, retain))
        answer = asyncio.get_running_loop().create_future()
        lost = len(self.said) > self.is_lost_after
        answer.set_result(-1 if lost else 0x87 if topic in self.refused else 0)
        return cast("asyncio.Future[int]", answer)
