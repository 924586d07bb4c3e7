"""What the store does by itself while a daemon runs: dates and seals, counts days, lets go, thins, keeps room.

Each is asked for over a connection that only reads, and done, where there is anything to do, in transactions of the
one writer, small enough that events hardly wait for them.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from smartlogd.base.time import Clock, Stamp
from smartlogd.store import backups, days, keeping, life, losses, orphans, room, seal, thin
from smartlogd.store.asker import Answer, Asker
from smartlogd.store.engine import Store
from smartlogd.store.options import StoreOptions
from smartlogd.store.trouble import OK

if TYPE_CHECKING:
    from smartlogd.store.backup import Backup

SEAL_S, LIFE_S, COUNT_S, THIN_S, LET_GO_S = 5.0, 15.0, 60.0, 600.0, 3600.0
"""How often the clock and signs of life are asked for, days counted and room looked after, and what is old goes."""
_BREATH_S = 0.05
"""Between two transactions of one task, so that the journal's own come in between."""

log = logging.getLogger("smartlogd.store")


@dataclass(frozen=True, slots=True)
class Chore:
    """Something that is done again and again: every so many seconds, or by cron."""

    name: str
    when: float | str
    work: Callable[[], Awaitable[object]]


class Upkeep:
    """Looks after an open store, by `jobs` that a clockwork does; after the last of them it is to be closed.

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
        self._one = asyncio.Lock()

    def jobs(self) -> tuple[Chore, ...]:
        """What is to be done, each when it is due; DiskTrouble where a disk refuses, and then it is done the next time.

        One at a time is done, but for the copy of the log: that takes long, and only reads.
        """
        options = self._options()
        copying = (Chore("backup", options.backup_cron, self.backed_up),) if options.backup_cron else ()
        return (
            Chore("clock", SEAL_S, partial(self._alone, self.sealed)),
            Chore("signs of life", LIFE_S, partial(self._alone, self.lived)),
            Chore("days", COUNT_S, partial(self._alone, self.counted)),
            Chore("room", COUNT_S, partial(self._alone, self.relieved)),
            Chore("recordings", THIN_S, partial(self._alone, self.thinned)),
            Chore("retention", LET_GO_S, partial(self._alone, self.let_go)),
            *copying,
        )

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

    async def backed_up(self) -> Backup:
        """Copy the log beside itself; the copy."""
        options = self._options()
        made = partial(backups.copied, keep=options.backup_keep, keep_free_mib=options.keep_free_mib)
        return await asyncio.to_thread(made, self._folder, self._now().utc)

    async def close(self) -> None:
        """Close the connection that only reads; more may be done after it, and then it is to be closed again."""
        asker, self._asker = self._asker, Asker(self._store.path)
        await asker.close()

    def _relieve(self, connection: sqlite3.Connection, keep_free_mib: int) -> room.Relieved:
        return room.relieve(connection, self._store.origin, self._folder, self._now(), keep_free_mib)

    def _now(self) -> Stamp:
        return self._clock.now()

    async def _ask(self, question: Callable[[sqlite3.Connection], Answer]) -> Answer:
        return await self._asker.ask(question)

    async def _alone(self, task: Callable[[], Awaitable[object]]) -> None:
        """Do it once nothing else is being done."""
        async with self._one:
            await task()

    def _tell_room(self, *, is_cramped: bool, files: int) -> None:
        """Say when room gets scarce, when there is room again, and each time that files had to go."""
        if files or is_cramped != self._is_cramped:
            words = "little room is left" if is_cramped else "there is room again"
            log.warning(words, extra={"files_gone": files, "folder": str(self._folder)})
        self._is_cramped = is_cramped
