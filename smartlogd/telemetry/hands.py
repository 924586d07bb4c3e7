"""The hands of a routine: each step is asked for at the broker, and whoever does it says how it went.

A step outlives a connection: it is asked for again where the broker did not have it yet, under the same id, and what is
said of it counts once, over whichever connection it comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from smartlogd.base.known import Json
from smartlogd.telemetry.deed import deed
from smartlogd.telemetry.health import encoded
from smartlogd.telemetry.request import Unmeant
from smartlogd.telemetry.voice import Account

REACH_S = 10.0
"""How long a broker that is away is waited for before a step is given up: a treat is for now."""
MOST_AT_ONCE = 32
"""Steps that may be waited for at one time; each routine waits for one."""

Say = Callable[[bytes, float], Awaitable[None]]
"""Sends a message as soon as the broker is there and returns when the broker has it; it is worth so many seconds."""


class Hands:
    """Asks for steps (`base.ports.Actuator`), and hears what became of them."""

    def __init__(self, say: Say, account: Account) -> None:
        self._say, self._account = say, account
        self._waiting: dict[str, asyncio.Future[Mapping[str, Json]]] = {}

    async def act(self, step: Mapping[str, Json], timeout_s: float) -> Mapping[str, Json]:
        """Ask for one step, and wait until someone says how it went.

        `result` is done or failed as they say, timeout where nobody says anything, away where nobody could be asked.
        """
        step_id = str(step["id"])
        if len(self._waiting) >= MOST_AT_ONCE:
            return {"result": "away", "detail": f"more than {MOST_AT_ONCE} steps are waited for"}
        answer = self._waiting[step_id] = asyncio.get_running_loop().create_future()
        try:
            return await self._answered({**step, "timeout_s": timeout_s}, answer, timeout_s)
        finally:
            del self._waiting[step_id]

    def heard(self, payload: bytes, *, is_retained: bool) -> None:
        """Take a message from outside and return at once; one that says nothing of a step that waits is passed over."""
        if is_retained and not payload:
            return  # how somebody takes a retained one away
        try:
            said = deed(payload, is_retained=is_retained)
        except Unmeant as refused:
            self._account.remark("what was said of a step is not understood", why=str(refused))
            return
        answer = self._waiting.get(said.id)
        if answer is not None and not answer.done():
            answer.set_result(said.told())

    async def _answered(
        self, message: Mapping[str, Json], answer: asyncio.Future[Mapping[str, Json]], timeout_s: float
    ) -> Mapping[str, Json]:
        end_s = asyncio.get_running_loop().time() + timeout_s
        try:
            async with asyncio.timeout(min(REACH_S, timeout_s)):
                await self._say(encoded(message), timeout_s)
        except TimeoutError:
            if not answer.done():  # it may have come through all the same
                return {"result": "away"}
        try:
            async with asyncio.timeout_at(end_s):
                return await answer
        except TimeoutError:
            return {"result": "timeout"}
