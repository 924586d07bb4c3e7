"""The sync's life: rows up as they gather, news down at intervals, patience with whatever goes wrong.

It is one task of the daemon. A centre that is away, refuses or talks nonsense is a sentence in `status`, and never
ends the task: the log goes on without a centre for as long as it must.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Mapping

from smartlogd.base.errors import DiskTrouble, SmartlogError, UnusableInput
from smartlogd.base.ports import Centre, Inbox, Outbox
from smartlogd.base.time import Clock
from smartlogd.sync.account import Account
from smartlogd.sync.line import Line
from smartlogd.sync.options import SyncOptions
from smartlogd.sync.patience import Patience
from smartlogd.sync.pull import Pull
from smartlogd.sync.push import Push
from smartlogd.sync.trouble import CentreTrouble

COUNT_S = 30.0
"""How often what waits is counted while nothing happens."""
NOW_S = 12.0
"""How long `now` waits for the round it asked for; a long backlog goes on without being waited for."""


async def _nothing(*_: object) -> None:
    """What is told to nobody."""


class Sync:
    """Sends what waits and fetches what is new, from `run` until cancelled; all else may be called at any time.

    `epoch` is this database's own; `about` says version and capabilities. `on_gallery_changed` is called after faces
    came or went, `on_fleet_key` with a wrapped fleet key, `on_paused` with whether it is paused, to be remembered
    over restarts, `on_end` when `run` ends. `chance` gives numbers from 0 to 1.
    """

    def __init__(
        self,
        *,
        outbox: Outbox,
        inbox: Inbox,
        centre: Centre,
        options: SyncOptions,
        clock: Clock,
        epoch: str,
        about: Mapping[str, object],
        is_paused: bool = False,
        on_gallery_changed: Callable[[], Awaitable[None]] = _nothing,
        on_fleet_key: Callable[[bytes], Awaitable[None]] = _nothing,
        on_paused: Callable[[bool], Awaitable[None]] = _nothing,
        on_end: Callable[[], Awaitable[None]] = _nothing,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._outbox, self._options, self._clock, self._chance = outbox, options, clock, chance
        self._line = line = Line(centre)
        self._on_paused, self._on_end = on_paused, on_end
        self._paused = is_paused
        self._account = Account()
        self._push = Push(outbox, line, options, clock=clock, epoch=epoch, about=about, account=self._account)
        self._pull = Pull(
            inbox,
            line,
            options.page_rows,
            clock=clock,
            account=self._account,
            on_gallery_changed=on_gallery_changed,
            on_fleet_key=on_fleet_key,
        )
        self._up, self._down = Patience("up", options, chance), Patience("down", options, chance)
        self._pulled_s = self._counted_s = float("-inf")
        self._sending = False
        self._wake = asyncio.Event()
        self._askers: list[asyncio.Future[None]] = []

    async def run(self) -> None:
        """Sync until cancelled; raises nothing that the centre, the network or a disk may cause."""
        # A fleet that was switched on together is out of step from the first: connecting is what costs a centre most.
        span_s = self._chance() * self._options.gather_s
        self._pulled_s = _now_s() - self._chance() * self._options.interval_s
        try:
            await self._count()
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(span_s):
                        await self._wake.wait()
                self._wake.clear()
                await self._round()
                span_s = self._options.gather_s
        finally:
            await self._line.close()
            await self._on_end()

    # What may be asked of it -------------------------------------------------------------------------

    def state(self) -> Mapping[str, object]:
        """How it fares as plain JSON values; `word` is ok, sending, paused, away, refused, held, disk or trouble."""
        now_s = _now_s()
        trouble = self._up.trouble or self._down.trouble
        next_s = min((way.next_s for way in (self._up, self._down) if way.trouble is not None), default=now_s)
        return {
            "word": self._word(trouble),
            "detail": str(trouble) if trouble else "",
            "connected": self._line.is_open,
            "paused": self._paused,
            "held": len(self._push.hold),
            "next_try_s": round(max(0.0, next_s - now_s), 1),
            **self._account.fields(self._clock.now().utc, now_s),
        }

    async def status(self) -> Mapping[str, object]:
        """The same, with what waits counted anew."""
        await self._count()
        return self.state()

    async def now(self) -> Mapping[str, object]:
        """Send what waits and fetch what is new at once, whatever failed before; how it fares after that.

        UnusableInput while it is paused.
        """
        if self._paused:
            raise UnusableInput("Sending to the centre is paused.", "Go on with: smartlogd sync resume")
        asker = asyncio.get_running_loop().create_future()
        self._askers.append(asker)
        self._wake.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(NOW_S):
                await asker
        return await self.status()

    def fetch(self) -> None:
        """News are due, says whoever keeps the time: they are fetched soon, unless they were a moment ago.

        A centre that is away is left alone until its time to recover is over.
        """
        if _now_s() - self._pulled_s >= self._options.interval_s / 2:
            self._pulled_s = float("-inf")
            self._wake.set()

    async def pause(self) -> Mapping[str, object]:
        """Send and fetch nothing until `resume`, also after a restart; a parcel under way is finished."""
        await self._on_paused(True)  # noqa: FBT003 - the one argument is the question itself
        self._paused = True
        return await self.status()

    async def resume(self) -> Mapping[str, object]:
        """Go on after `pause`."""
        await self._on_paused(False)  # noqa: FBT003 - as above
        self._paused = False
        self._wake.set()
        return await self.status()

    # One round ---------------------------------------------------------------------------------------

    async def _round(self) -> None:
        """Send what waits, fetch what is due, count; then answer those who asked for it."""
        askers, self._askers = self._askers, []
        if askers:
            self._up.end()
            self._down.end()
            self._push.hold.release()
            self._pulled_s = float("-inf")
        if not self._paused:
            await self._exchange()
        if self._line.idle_s() >= self._options.idle_s:
            await self._line.close()
        if _now_s() - self._counted_s >= COUNT_S:
            await self._count()
        for asker in askers:
            if not asker.done():
                asker.set_result(None)

    async def _exchange(self) -> None:
        """Rows up until none wait; news down where they are due, also in the middle of a long backlog."""
        is_done = False
        while not is_done and not self._paused:
            before = self._account.last_verdict
            is_done = await self._gone(self._up, self._pushed)
            has_sent = self._account.last_verdict is not before
            if has_sent:
                self._counted_s = float("-inf")
            if self._is_news_due(beside=has_sent) and not self._paused:
                await self._gone(self._down, self._news)

    async def _pushed(self) -> bool:
        self._sending = True
        try:
            return await self._push.push(lambda: self._paused or self._is_news_due(beside=False))
        finally:
            self._sending = False

    async def _news(self) -> bool:
        await self._pull.pull()
        self._pulled_s = _now_s()
        return True

    def _is_news_due(self, *, beside: bool) -> bool:
        """Whether the centre is to be asked for news: at intervals, and beside rows that went up just now."""
        now_s = _now_s()
        span_s = min(self._options.pull_beside_s, self._options.interval_s) if beside else self._options.interval_s
        return self._down.is_over(now_s) and now_s - self._pulled_s >= span_s

    async def _gone(self, way: Patience, walk: Callable[[], Awaitable[bool]]) -> bool:
        """Go one way, if it may be gone; whether there is nothing more to do on it now."""
        if not way.is_over(_now_s()):
            return True
        try:
            is_done = await walk()
        except SmartlogError as error:
            way.failed(error, _now_s())
            if isinstance(error, CentreTrouble):
                await self._line.close()
            return True
        way.went_well()
        return is_done

    async def _count(self) -> None:
        """Count what waits; a database that cannot be read is a trouble like others."""
        self._counted_s = _now_s()
        try:
            self._account.waiting = await self._outbox.waiting(now_us=self._clock.now().mono_ns // 1000)
        except SmartlogError as error:
            self._up.failed(error, _now_s())

    def _word(self, trouble: SmartlogError | None) -> str:
        if self._paused:
            return "paused"
        if trouble is not None:
            if isinstance(trouble, CentreTrouble):
                return trouble.word
            return "disk" if isinstance(trouble, DiskTrouble) else "trouble"
        return "sending" if self._sending else "ok"


def _now_s() -> float:
    return asyncio.get_running_loop().time()
