"""Opens the store: the folder, its lock, the database whatever state it is in, and the rows of this start."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from smartlogd.base.errors import DiskTrouble, Exit
from smartlogd.base.time import Clock, Stamp
from smartlogd.schema.migrate import head
from smartlogd.store.begin import begin, end
from smartlogd.store.birth import arrive, leave
from smartlogd.store.floor import floor_of, raised
from smartlogd.store.journal import Journal
from smartlogd.store.keys import Keys
from smartlogd.store.life import begun, cut_short
from smartlogd.store.lock import LOCK, FolderLock
from smartlogd.store.options import StoreOptions
from smartlogd.store.pragmas import DATABASE, WRITING
from smartlogd.store.quarantine import is_marked
from smartlogd.store.recognise import version_of
from smartlogd.store.reserve import Reserve
from smartlogd.store.rows import Origin
from smartlogd.store.tables import make_tables, upgrade_tables
from smartlogd.store.trouble import DAMAGED, DISK_FULL, OK, StoreTrouble, told

if TYPE_CHECKING:
    from smartlogd.store.retention import Swept

Result = TypeVar("Result")

log = logging.getLogger("smartlogd.store")


class Store:
    """An open state folder: its journal, its keys, and the instant before which no row is dated."""

    def __init__(
        self,
        path: Path,
        journal: Journal,
        keys: Keys,
        floor: dt.datetime,
        origin: Origin,
        clock: Clock,
        machine_boot: str | None = None,
    ) -> None:
        self.path = path
        self.journal = journal
        self.keys = keys
        self.floor = floor
        self.origin = origin
        self.machine_boot = machine_boot
        self._clock = clock
        self._undo = ExitStack()

    def on_close(self, undo: ExitStack) -> None:
        """What is to be given back at the end: the folder's lock."""
        self._undo = undo

    async def change(self, work: Callable[[sqlite3.Connection], Result], *, scrub: bool = False) -> Result:
        """Do `work` in a transaction of its own, after everything that was appended before; see `Journal.change`."""
        return await self.journal.change(work, scrub=scrub)

    def now(self) -> Stamp:
        """This instant, never earlier than the floor."""
        return raised(self._clock.now(), self.floor)

    async def sweep(self, *, crop_keep_h: float, stranger_keep_d: float) -> Swept:
        """Let go of pictures and of strangers' faces that were kept long enough; see `retention.sweep`."""
        from smartlogd.store.retention import sweep

        now = self.now().utc
        return await self.change(
            lambda connection: sweep(
                connection, self.keys, self.path.parent, now, crop_keep_h=crop_keep_h, stranger_keep_d=stranger_keep_d
            ),
            scrub=True,
        )

    async def look_over(self) -> None:
        """Read the database's pages for two seconds at most; StoreTrouble (74, fatal) where one is broken.

        To be done once after the first frame, which it must not hold up. The next start sets the database aside.
        """
        from smartlogd.store.check import look_over

        await asyncio.to_thread(look_over, self.path)

    async def close(self) -> None:
        """Write what still waits, note that the device went off, close the database, give the lock back.

        DiskTrouble if events stayed unwritten; the lock is given back in any case. A second call does nothing.
        """
        with self._undo:
            await self.journal.finish()
            if self.journal.state.word == OK:
                await asyncio.to_thread(self._take_leave)

    def _take_leave(self) -> None:
        with transaction(self.path) as connection:
            leave(connection, self.origin, self.now())


def open_store(
    folder: Path,
    *,
    device: str,
    version: str,
    clock: Clock,
    options: StoreOptions,
    boot: UUID,
    name: str = DATABASE,
    machine_boot: str | None = None,
    has_centre: bool | None = None,
) -> Store:
    """The store in `folder`, its database called `name`, made where there is none.

    Synchronous, because it stands at the start of everything; a new database, or one of the newest version, takes some
    hundredths of a second, an older one is migrated first. Raises DiskTrouble: the folder cannot be made (exit 73) or
    written (77), another process writes in it (73), or what stands there is another program's database (74). The log
    itself, where it is damaged, is set aside, and what can be read of it is saved, within half a minute (`rescue`).

    `machine_boot` says that rows are stamped by this machine's clock, and by which start of it; a replay gives none.
    `has_centre` says whether rows are enqueued for a centre from here on; None leaves that as it is.
    """
    path = folder / name
    make_folder(folder)
    with ExitStack() as undo:
        undo.callback(FolderLock.take(folder, LOCK if name == DATABASE else f"{name}.lock").release)
        reserve = Reserve(folder, options.reserve_mib)
        opening = partial(_begin, path, device, version, clock, boot, machine_boot, has_centre=has_centre)
        try:
            origin, floor = _begun(path, opening, device, clock)
        except StoreTrouble as trouble:
            if trouble.word != DISK_FULL or not reserve.release():
                raise
            origin, floor = _begun(path, opening, device, clock)
        with told(folder):
            reserve.make()
        keys = Keys.open(folder)
        store = Store(path, Journal(path, origin, reserve, options, keys), keys, floor, origin, clock, machine_boot)
        store.on_close(undo.pop_all())
        return store


def make_folder(folder: Path) -> None:
    """The folder, for its owner's eyes only when it is made here."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except PermissionError as error:
        raise _no_folder(folder, "permission denied", Exit.PERMISSION) from error
    except OSError as error:
        raise _no_folder(folder, (error.strerror or str(error)).lower(), Exit.CANNOT_CREATE) from error


def _no_folder(folder: Path, why: str, code: Exit) -> DiskTrouble:
    """What to tell when there is nowhere to write."""
    return DiskTrouble(f"The state folder {folder} cannot be made: {why}.", "Name another as state_dir.", code=code)


Opening = Callable[[], tuple[Origin, dt.datetime]]


def _begun(path: Path, opening: Opening, device: str, clock: Clock) -> tuple[Origin, dt.datetime]:
    """What `opening` gives; a log that is damaged is set aside before it, and what can be read of it saved."""
    if not is_marked(path):
        try:
            return opening()
        except StoreTrouble as trouble:
            if trouble.word != DAMAGED or path.name != DATABASE:
                raise
            log.error("database is damaged", extra={"what": trouble.what})
    from smartlogd.store.rescue import note_loss, rescued, settle

    rescue = rescued(path, device=device, now=clock.now())
    origin, floor = opening()
    with transaction(path) as connection:
        note_loss(connection, origin, raised(clock.now(), floor), rescue)
    settle(path)
    return origin, floor


def _begin(
    path: Path,
    device: str,
    version: str,
    clock: Clock,
    boot: UUID,
    machine_boot: str | None,
    *,
    has_centre: bool | None,
) -> tuple[Origin, dt.datetime]:
    """The newest tables, the clock's floor, and the rows of this start."""
    bring_up(path)
    now = clock.now()
    with transaction(path) as connection:
        cut_short(connection, str(boot))  # while rows are still enqueued, if this start is to do so no more
        if has_centre is not None:
            begin(connection) if has_centre else end(connection)
        floor = floor_of(connection, now)
        start = raised(now, floor)
        born = arrive(connection, device=device, version=version, boot=boot, start=start, machine_boot=machine_boot)
        begun(connection, born, start)
        return born, floor


def bring_up(path: Path) -> None:
    """Bring the database at `path` to the newest tables, made where there is none."""
    found = version_of(path)
    if found is None:
        make_tables(path)
    elif found != head():
        upgrade_tables(path)


@contextmanager
def transaction(path: Path) -> Iterator[sqlite3.Connection]:
    """One BEGIN IMMEDIATE transaction over a short-lived connection, set as the writer's is."""
    with told(path.parent), closing(sqlite3.connect(path, isolation_level=None, timeout=5)) as connection:
        for pragma in WRITING:
            connection.execute(pragma)
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.execute("COMMIT")
