"""What the broker's messages ask for, done one after the other; each is answered on its result topic.

It outlives a connection: a command that was begun is finished when the network goes, and only its answer is lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from smartlogd.base.errors import SmartlogError
from smartlogd.base.health import Command
from smartlogd.base.known import Json
from smartlogd.base.time import Clock
from smartlogd.telemetry import health
from smartlogd.telemetry.commands import Commands, Refusal
from smartlogd.telemetry.topics import Thing, Topics

log = logging.getLogger("smartlogd.telemetry")

MOST_WAITING = 8
"""Commands that wait; further ones are dropped, and counted."""
OBEYED_S = 60.0
"""How long one command may take."""

Obey = Callable[[Command], Awaitable[Mapping[str, object]]]
Answer = Callable[[Thing, Mapping[str, Json]], Awaitable[None]]


class Orders:
    """The commands of one device. `answer` sends an answer, or lets it go where nobody is connected."""

    def __init__(self, topics: Topics, *, clock: Clock, obey: Obey, answer: Answer) -> None:
        self._commands = Commands(topics, began=clock.now())
        self._topics, self._clock, self._obey, self._answer = topics, clock, obey, answer
        self._waiting: asyncio.Queue[tuple[Thing, Command | Refusal]] = asyncio.Queue(MOST_WAITING)
        self.dropped = 0
        self.refused = 0
        self.obeyed = 0

    def heard(self, topic: str, payload: bytes, *, is_retained: bool) -> None:
        """Take a message and return at once; one that nobody is meant by is passed over."""
        thing = self._topics.thing_of(topic)
        if thing is None or (is_retained and not payload):
            return  # an empty retained message is how somebody takes one away
        if self._waiting.full():
            self._drop()
            return
        read = self._commands.read(topic, payload, is_retained=is_retained, now=self._clock.now())
        self._waiting.put_nowait((thing, read))

    async def run(self) -> None:
        """Obey until cancelled."""
        while True:
            thing, read = await self._waiting.get()
            await self._answer(thing, await self._done(thing, read))

    async def _done(self, thing: Thing, read: Command | Refusal) -> Mapping[str, Json]:
        """Do what was read; what is answered."""
        if isinstance(read, Refusal):
            self.refused += 1
            return self._refused(thing, {"why": read.why})
        log.info("command", extra={"what": read.what, "from": "mqtt", "thing": thing.path})
        try:
            async with asyncio.timeout(OBEYED_S):
                outcome = await self._obey(read)
        except SmartlogError as error:
            return self._refused(thing, {"why": error.what, "hint": error.hint})
        except TimeoutError:
            return self._refused(thing, {"why": f"It was not done within {OBEYED_S:.0f} s."})
        self.obeyed += 1
        return health.answer(thing, self._clock.now(), outcome)

    def _refused(self, thing: Thing, outcome: Mapping[str, object]) -> Mapping[str, Json]:
        return health.answer(thing, self._clock.now(), outcome, is_done=False)

    def _drop(self) -> None:
        if self.dropped == 0:
            log.warning("commands dropped", extra={"why": f"more than {MOST_WAITING} were waiting", "from": "mqtt"})
        self.dropped += 1
