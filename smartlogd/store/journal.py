"""The one writer: events are taken at once, gathered into groups, and each group is one transaction.

An fsync for every event would wear a card out and make the disk the slowest part; a group commit costs the same for
a hundred. A group stays at the head of the queue until its transaction is committed, so whatever goes wrong in
between (a full disk, a lost connection), nothing is lost and nothing is written twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

from smartlogd.base.errors import DiskTrouble, Fate
from smartlogd.base.known import Event, EventId, Json
from smartlogd.base.time import Stamp
from smartlogd.base.who import Recognition
from smartlogd.store.errand import Errand
from smartlogd.store.group import Group, Slip
from smartlogd.store.keys import Keys
from smartlogd.store.options import StoreOptions
from smartlogd.store.quarantine import mark
from smartlogd.store.reserve import Reserve
from smartlogd.store.rows import Origin, end_of, rows_of
from smartlogd.store.trouble import DAMAGED, DISK_FULL, OK, StoreTrouble

if TYPE_CHECKING:
    import sqlite3

    from smartlogd.store.writer import Writer

Result = TypeVar("Result")

log = logging.getLogger("smartlogd.store")

_AT_ONCE = 32
"""Groups that waited are handed to the writer together, each still a transaction of its own."""
_CROPS_BYTES = 4 * 1024 * 1024
"""So many bytes of pictures may wait for the disk; beyond that, what was learnt waits with an empty one."""


@dataclass(frozen=True, slots=True)
class JournalState:
    """How the log fares: `word` (ok, disk full, read-only, ...), a sentence in `detail`, and how many events wait."""

    word: str
    detail: str
    waiting: int
    written: int


class Journal:
    """Takes events at once and writes them in groups; its `run` is a task of the daemon."""

    def __init__(self, path: Path, origin: Origin, reserve: Reserve, options: StoreOptions, keys: Keys) -> None:
        self._path = path
        self._keys = keys
        self._origin = origin
        self._reserve = reserve
        self._options = options
        self._queue: deque[Group] = deque()
        self._open: Group | None = None
        self._waiting = self._written = self._crop_bytes = 0
        self._word, self._detail = OK, ""
        self._pause_s = options.retry_s
        self._stopping = self._gave_up = self._ended = False
        self._some, self._enough, self._roomy = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._roomy.set()
        self._writer: Writer | None = None
        self._writing: asyncio.Task[None] | None = None

    @property
    def state(self) -> JournalState:
        """How the log fares just now."""
        return JournalState(self._word, self._detail, self._waiting, self._written)

    def append(self, event: Event) -> Slip:
        """Take the event and return at once.

        UnusableInput for an event that could never be kept. Whoever appends without ever awaiting `room` on a disk
        that takes nothing is stopped (RuntimeError) at twice the queue's bound, before memory runs out.
        """
        self._must_take()
        rows = rows_of(event, self._origin)
        group = self._open or self._opened()
        group.rows.append(rows)
        return self._taken(group)

    def end(self, event: EventId, at: Stamp, data: Mapping[str, Json]) -> Slip:
        """Note that an event that takes time is over and return at once; written in order with the events.

        An event has one end; one for an event that is over, or was never appended, is taken and changes nothing.
        UnusableInput for what could never be kept; RuntimeError as with `append`.
        """
        self._must_take()
        over = end_of(event, at, data, self._origin)
        group = self._open or self._opened()
        group.ends.append(over)
        return self._taken(group)

    def learn(self, recognition: Recognition) -> Slip:
        """Take what was learnt of a face and return at once; it is written in order with the events.

        UnusableInput for what could never be kept; RuntimeError as with `append`.
        """
        from smartlogd.store.learn import checked

        self._must_take()
        recognition = checked(recognition)
        size = len(recognition.crop or b"")
        if self._crop_bytes + size > _CROPS_BYTES:
            recognition, size = replace(recognition, crop=b""), 0  # empty, so that its loss is noted
        group = self._open or self._opened()
        group.learnt.append(recognition)
        group.crop_bytes += size
        self._crop_bytes += size
        return self._taken(group)

    async def change(
        self, work: Callable[[sqlite3.Connection], Result], *, scrub: bool = False, within_s: float = 10
    ) -> Result:
        """Do `work` in a transaction of its own, after all that was taken before; gives what it gives.

        It runs in the driver's thread. What it raises undoes it and is raised here. DiskTrouble where its turn does
        not come within `within_s`, for the disk takes nothing; then it is not done later either. With `scrub`, what
        it deletes is gone from the -wal file too.
        """
        if self._ended:
            raise DiskTrouble("The journal has ended and takes no more changes.")
        self._close_open()
        loop = asyncio.get_running_loop()
        errand = Errand(work, scrub=scrub)
        group = Group(loop.time(), loop.create_future(), errand)
        self._queue.append(group)
        self._some.set()
        try:
            async with asyncio.timeout(within_s):
                await group.receipt.durable()
        except TimeoutError:
            if errand.withdraw():
                raise DiskTrouble(
                    "The change was not made: the log cannot be written.", self._detail, fate=Fate.RETRY
                ) from None
            await group.receipt.durable()
        return errand.outcome(self._path.parent)

    def _must_take(self) -> None:
        """Raise where no more may be taken."""
        if self._ended:
            raise DiskTrouble("The journal has ended and takes no more events.")
        if self._waiting >= 2 * self._options.queue_rows:
            raise RuntimeError("The journal's queue is full: await room() before appending.")

    def _taken(self, group: Group) -> Slip:
        """One more waits; a group that is full waits no longer for company."""
        self._waiting += 1
        if len(group) >= self._options.group_rows:
            self._close_open()
        if self._waiting >= self._options.queue_rows:
            self._roomy.clear()
        return group.receipt

    def _close_open(self) -> None:
        """Whatever comes next is of another group."""
        self._open = None
        self._enough.set()

    def _opened(self) -> Group:
        """A new group at the end of the queue."""
        loop = asyncio.get_running_loop()
        self._open = group = Group(loop.time() + self._options.group_commit_s, loop.create_future())
        self._queue.append(group)
        self._some.set()
        return group

    async def room(self) -> None:
        """Return when there is room for more events: at once, but when the disk has long been full."""
        await self._roomy.wait()

    async def run(self) -> None:
        """Write until cancelled, then write what still waits, within `stop_s`.

        A full, read-only or broken disk is retried for as long as it takes; only a mistake in the program ends this.
        """
        self._writing = asyncio.create_task(self._write_on(), name="journal writer")
        try:
            await asyncio.shield(self._writing)  # a cancellation must not strike in the middle of a commit
        except asyncio.CancelledError:
            await self._drain()
            raise

    async def finish(self) -> None:
        """Write what still waits, within `stop_s`, and close the database; DiskTrouble if something stays unwritten."""
        try:
            await self._drain()
        finally:
            self._ended = True
            self._refuse()
            if self._writer is not None:
                await self._writer.close()
        if self._waiting:
            raise DiskTrouble(f"{self._waiting} events could not be written before the stop.", self._detail)

    async def _drain(self) -> None:
        """Let the writer come to its end, or cut it short when the disk takes nothing."""
        self._stopping = True
        self._some.set()
        self._enough.set()
        if self._gave_up or (not self._queue and (self._writing is None or self._writing.done())):
            return
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_on(), name="journal writer")
        try:
            async with asyncio.timeout(self._options.stop_s):
                await self._writing
        except TimeoutError:
            self._gave_up = True
            log.error("events unwritten at stop", extra={"waiting": self._waiting, "state": self._word})

    def _refuse(self) -> None:
        """Tell whoever still waits for a receipt that it will not come."""
        for group in self._queue:
            if not group.committed.done():
                group.committed.set_exception(DiskTrouble("The journal ended before this event was on the disk."))
                group.committed.exception()  # nobody need have asked

    async def _write_on(self) -> None:
        """Group after group, until told to stop and nothing waits."""
        if self._writer is None:
            self._writer = await asyncio.to_thread(_open_writer, self._path, self._options.busy_s, self._keys)
        loop = asyncio.get_running_loop()
        while self._queue or not self._stopping:
            await self._gather()
            ready = [group.work() for group in islice(self._queue, _AT_ONCE) if group is not self._open]
            try:
                if ready:
                    await self._writer.write(ready, lambda: _soon(loop, self._settle))
            except StoreTrouble as trouble:
                await self._suffer(trouble)
                continue
            await self._recover()

    async def _gather(self) -> None:
        """Return when the first group is full or due; in trouble, return now and then even without one."""
        if not self._queue and not self._stopping:
            self._some.clear()
            await _within(self._some, None if self._word == OK else self._options.retry_roof_s)
        if self._queue and self._queue[0] is self._open:
            self._enough.clear()
            if not self._stopping:
                await _within(self._enough, self._open.due_s - asyncio.get_running_loop().time())
            if self._queue[0] is self._open:
                self._open = None

    def _settle(self) -> None:
        """The first group is on the disk: tell whoever waits."""
        group = self._queue.popleft()
        if not group.committed.done():
            group.committed.set_result(None)
        self._waiting -= len(group)
        self._crop_bytes -= group.crop_bytes
        self._written += len(group.rows)
        self._pause_s = self._options.retry_s
        if self._waiting < self._options.queue_rows:
            self._roomy.set()

    async def _suffer(self, trouble: StoreTrouble) -> None:
        """Say once what is wrong, give up the reserve if that helps, else wait a while; the group stays queued."""
        if trouble.word != self._word:
            log.error(
                "log cannot be written",
                extra={"state": trouble.word, "what": trouble.what, "hint": trouble.hint, "waiting": self._waiting},
            )
        self._word, self._detail = trouble.word, str(trouble)
        if trouble.word == DAMAGED:
            await self._give_up(trouble)
        if trouble.word == DISK_FULL and await self._file_work(self._reserve.release):
            return
        await asyncio.sleep(min(self._pause_s, 0.25) if self._stopping else self._pause_s)
        self._pause_s = min(2 * self._pause_s, self._options.retry_roof_s)

    async def _give_up(self, trouble: StoreTrouble) -> NoReturn:
        """A broken page mends by no waiting: note it for the next start, which saves what can be read, and end here."""
        self._gave_up = True
        await asyncio.to_thread(mark, self._path)
        trouble.fate = Fate.FATAL
        raise trouble

    async def _recover(self) -> None:
        """After trouble: all is well once a write went through and the reserve is whole again."""
        if self._word == OK:
            return
        if self._word == DISK_FULL and not await self._file_work(self._reserve.make):
            self._detail = "Events are written on the room kept in reserve. Free some space soon."
            return
        log.warning("log is written again", extra={"was": self._word, "waiting": self._waiting})
        self._word, self._detail = OK, ""

    async def _file_work(self, work: Callable[[], bool]) -> bool:
        """Do it off the loop; a disk that refuses even this says no."""
        try:
            return await asyncio.to_thread(work)
        except OSError:
            return False


async def _within(event: asyncio.Event, span_s: float | None) -> None:
    """Wait for the event, but no longer than `span_s` (None: for as long as it takes)."""
    try:
        async with asyncio.timeout(span_s):
            await event.wait()
    except TimeoutError:
        return


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    """Have the loop make a call, from the driver's thread."""
    loop.call_soon_threadsafe(call)


def _open_writer(path: Path, busy_s: float, keys: Keys) -> Writer:
    """The writer; importing it takes half a second in which the first frames are already seen."""
    from smartlogd.store.writer import Writer

    return Writer(path, busy_s, keys)
