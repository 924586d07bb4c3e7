"""What the store does by itself while a daemon runs: dates and seals, counts days, lets go, thins, keeps room.

Each is asked for over a connection that only reads, and done, where there is anything to do, in transactions of the
one writer, small enough that events hardly wait for them.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from functools import partial
from zoneinfo import ZoneInfo

from smartlogd.base.errors import DiskTrouble
from smartlogd.base.time import Clock, Stamp, monotonic_s
from smartlogd.store import days, keeping, life, losses, orphans, room, seal, thin
from smartlogd.store.asker import Answer, Asker
from smartlogd.store.engine import Store
from smartlogd.store.options import StoreOptions
from smartlogd.store.trouble import OK

SEAL_S, LIFE_S, COUNT_S, THIN_S, LET_GO_S = 5.0, 15.0, 60.0, 600.0, 3600.0
"""How often the clock and signs of life are asked for, days counted and room looked after, and what is old goes."""
_BREATH_S = 0.05
"""Between two transactions of one task, so that the journal's own come in between."""

log = logging.getLogger("smartlogd.store")


class Upkeep:
    """Looks after an open store; `run` is a task of the daemon.

    `clock` is the one that stamps the rows. `zone`, `options` and `has_locker` (whether recordings are uploaded to an
    object store) are asked each time, so that a reload is heard.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        zone: Callable[[], ZoneInfo],
        options: Callable[[], StoreOptions],
        has_locker: Callable[[], bool] = lambda: False,
    ) -> None:
        self._store, self._clock, self._zone, self._options = store, clock, zone, options
        self._has_locker = has_locker
        self._asker = Asker(store.path)
        self._folder = store.path.parent
        self._is_cramped = False
        self._trouble = ""

    async def run(self) -> None:
        """Do each when it is due, until cancelled; a disk that refuses is asked again in its turn."""
        try:
            tasks = (self.sealed, self.lived, self.counted, self.relieved, self.thinned, self.let_go)
            due_s = dict.fromkeys(tasks, monotonic_s())
            every_s = dict(zip(tasks, (SEAL_S, LIFE_S, COUNT_S, COUNT_S, THIN_S, LET_GO_S), strict=True))
            while True:
                for task, at_s in due_s.items():
                    if at_s <= monotonic_s():
                        due_s[task] = monotonic_s() + every_s[task]
                        await self._tried(task)
                await asyncio.sleep(max(0.0, min(due_s.values()) - monotonic_s()))
        finally:
            await self.close()

    async def sealed(self) -> seal.Sealed:
        """Date and correct what a trusted clock allows."""
        store = self._store
        if not await self._ask(lambda connection: seal.is_due(connection, self._clock.now(), store.machine_boot)):
            return seal.Sealed(0, 0)
        # The clock is read within the transaction: see seal.MARGIN_US.
        done = await store.change(
            lambda connection: seal.seal(connection, store.origin, self._clock.now(), store.machine_boot)
        )
        if done.dated or done.corrected:
            log.info("clock set right", extra={"dated": done.dated, "corrected": done.corrected})
        return done

    async def counted(self) -> int:
        """Bring the days up to date; how many rows of days were changed."""
        changed, zone, own = 0, self._zone(), self._store.origin.device_id
        while await self._ask(days.is_due):
            step = await self._store.change(lambda connection: days.count(connection, own, zone, life.sign(connection)))
            changed += step.changed
            if not step.is_more:
                break
            await asyncio.sleep(_BREATH_S)
        return changed

    async def lived(self) -> bool:
        """Note a sign of life where something lasts and nothing else would tell of it; whether it was noted."""
        origin, zone = self._store.origin, self._zone()
        if not await self._ask(lambda connection: life.is_due(connection, origin, self._now())):
            return False
        await self._store.change(lambda connection: life.note_life(connection, origin, self._now(), zone))
        return True

    async def relieved(self) -> int:
        """Give up recordings where the disk is nearly full, and tell of what was lost; how many files went."""
        files, keep_free_mib = 0, self._options().keep_free_mib
        while await asyncio.to_thread(room.is_cramped, self._folder, keep_free_mib):
            relieve = partial(self._relieve, keep_free_mib=keep_free_mib)
            step = await self._store.change(relieve)
            files += step.files
            if not step.files:
                break
            await asyncio.sleep(_BREATH_S)
        self._tell_room(is_cramped=await asyncio.to_thread(room.is_cramped, self._folder, keep_free_mib), files=files)
        if self._store.journal.state.word == OK and await self._ask(losses.is_due):
            await self._store.change(lambda connection: losses.tell_losses(connection, self._store.origin, self._now()))
        return files

    async def thinned(self) -> int:
        """Let recordings go that were kept long enough, or take too much room; how many went."""
        aged = squeezed = 0
        now, options, has_locker = self._now(), self._options(), self._has_locker()
        if await self._ask(lambda connection: orphans.is_due(connection, now)):
            await self._store.change(lambda connection: orphans.begin(connection, now))
        is_due = partial(thin.is_due, folder=self._folder, now=now, options=options, has_locker=has_locker)
        while await self._ask(is_due):
            step = await self._store.change(
                lambda connection: thin.thin(
                    connection, self._store.origin, self._folder, now, options, has_locker=has_locker
                )
            )
            aged, squeezed = aged + step.aged, squeezed + step.squeezed
            if not step.aged + step.squeezed:
                break
            await asyncio.sleep(_BREATH_S)
        if aged or squeezed:
            log.info("recordings let go", extra={"for_age": aged, "for_room": squeezed})
        return aged + squeezed

    async def let_go(self) -> int:
        """Let go of what the centre has long had; how many events went."""
        events, after, keep_d = 0, keeping.FIRST, self._options().acknowledged_keep_d
        if not await self._ask(lambda connection: keeping.is_due(connection, self._now(), keep_d)):
            return 0
        while True:
            let_go = partial(keeping.let_go, folder=self._folder, now=self._now(), keep_d=keep_d, after=after)
            step = await self._store.change(let_go)
            events += step.events
            if step.after is None:
                break
            after = step.after
            await asyncio.sleep(_BREATH_S)
        if events:
            log.info("old rows let go", extra={"rows": events})
        return events

    async def close(self) -> None:
        """Close the connection that only reads; `run` does so at its end, and may be run again."""
        asker, self._asker = self._asker, Asker(self._store.path)
        await asker.close()

    def _relieve(self, connection: sqlite3.Connection, keep_free_mib: int) -> room.Relieved:
        return room.relieve(connection, self._store.origin, self._folder, self._now(), keep_free_mib)

    def _now(self) -> Stamp:
        return self._clock.now()

    async def _ask(self, question: Callable[[sqlite3.Connection], Answer]) -> Answer:
        return await self._asker.ask(question)

    async def _tried(self, task: Callable[[], Awaitable[object]]) -> None:
        """Do it; say a trouble once, for the journal says it too, and tries again itself."""
        try:
            await task()
        except DiskTrouble as trouble:
            if trouble.what != self._trouble:
                log.warning("store not looked after", extra={"what": trouble.what, "hint": trouble.hint})
            self._trouble = trouble.what
        else:
            self._trouble = ""

    def _tell_room(self, *, is_cramped: bool, files: int) -> None:
        """Say when room gets scarce, when there is room again, and each time that files had to go."""
        if files or is_cramped != self._is_cramped:
            words = "little room is left" if is_cramped else "there is room again"
            log.warning(words, extra={"files_gone": files, "folder": str(self._folder)})
        self._is_cramped = is_cramped
