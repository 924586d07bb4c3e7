"""A device in the test's own process: a state folder, a clock that the test sets, the real journal and the real sync.

Nothing of it stands in for anything but the clock and, where a test wants to be its weather, the network: the rows are
in SQLite files, the centre is a PostgreSQL, and what goes between is what a daemon would send.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import random
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from smartlogd.base.ids import LiveIds
from smartlogd.base.known import Event, SubjectId, TrackId
from smartlogd.base.ports import Centre as CentrePort
from smartlogd.base.ports import Inbox, Outbox
from smartlogd.base.time import Stamp, SystemClock
from smartlogd.store.begin import begin
from smartlogd.store.changes import applied, settled, understood
from smartlogd.store.engine import Store, open_store, transaction
from smartlogd.store.inbox import StoreInbox
from smartlogd.store.options import StoreOptions
from smartlogd.store.outbox import StoreOutbox
from smartlogd.store.outcome import Work
from smartlogd.store.seal import seal
from smartlogd.sync.bundle import Address
from smartlogd.sync.options import SyncOptions
from smartlogd.sync.runner import Sync
from smartlogd.sync.timescale import Door, TimescaleCentre

if TYPE_CHECKING:
    from centre import Centre, Enrolled

STORE = StoreOptions(group_commit_s=0.002, group_rows=20, reserve_mib=0, retry_s=0.01)
QUICK = SyncOptions().model_copy(
    update={"gather_s": 0.02, "retry_s": 0.002, "retry_roof_s": 0.01, "pull_beside_s": 0.1, "interval_s": 0.2}
)
"""The same sync in a hurry: no test waits for minutes."""
FLEET_KEY = bytes(range(32))
MODEL = "face_embedder 1"


class Wall:
    """A device's clock: `true` is when it is, `off_s` by how much the device is wrong, `trusted` what it says of it."""

    def __init__(self, true: dt.datetime | None = None, *, off_s: float = 0.0, trusted: bool = True) -> None:
        self.true = true or SystemClock().now().utc - dt.timedelta(days=2)  # the centre believes no future
        self.off_s, self.trusted = off_s, trusted
        self._mono_us = 5_000_000
        self.boot = str(uuid4())

    def now(self) -> Stamp:
        """What the device believes."""
        return Stamp(self._mono_us * 1000, self.true + dt.timedelta(seconds=self.off_s), self.trusted)

    def wait(self, span_s: float) -> None:
        """Time passes."""
        self.true += dt.timedelta(seconds=span_s)
        self._mono_us += round(span_s * 1e6)

    def reboot(self) -> None:
        """The machine starts anew: its monotonic clock begins at nought."""
        self._mono_us, self.boot = 5_000_000, str(uuid4())


def door_of(centre: Centre, enrolled: Enrolled) -> Door:
    """Where the device's login gets in: of a server of our own by the socket, which spares many TLS handshakes."""
    if centre.cluster.is_own:
        address = Address(
            host=str(centre.cluster.folder), port=centre.cluster.port, database=centre.name, sslmode="disable"
        )
    else:
        parts = urlsplit(enrolled.url)
        address = Address(host=parts.hostname or "", port=parts.port or 5432, database=centre.name, sslmode="prefer")
    return Door(address, enrolled.login, enrolled.secret)


class Edge:
    """One device: `start` it, `append` to it, `change` people on it, let it `catch_up`, `crash` or `stop` it."""

    def __init__(
        self,
        folder: Path,
        centre: Centre,
        name: str,
        *,
        wall: Wall | None = None,
        options: SyncOptions = QUICK,
        seed: int = 1,
        through: Callable[[TimescaleCentre], CentrePort] = lambda centre: centre,
        outbox: Callable[[Store], Outbox] = StoreOutbox,
        inbox: Callable[[Store], Inbox] = StoreInbox,
    ) -> None:
        self.folder, self.centre, self.name = folder, centre, name
        self.wall = wall or Wall()
        self.options, self.chance = options, random.Random(seed)
        self.gallery_changes = 0
        self._through, self._outbox_of, self._inbox_of = through, outbox, inbox
        self.enrolled = centre.enrol(name)
        self._ids = LiveIds()
        self._tracks = 0
        self._lives = 0
        self.store: Store
        self.sync: Sync
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def path(self) -> Path:
        """The database."""
        return self.folder / "smartlog.db"

    # Its life ----------------------------------------------------------------------------------------

    async def start(self, *, joined: bool = True) -> Edge:
        """Open the store, as a daemon's start does; with `joined` the sync begins as well."""
        self.store = open_store(
            self.folder, device=self.name, version="0.3.0", clock=self.wall, options=STORE, boot=uuid4(),
            machine_boot=self.wall.boot,
        )  # fmt: skip
        self._tasks = [asyncio.create_task(self.store.journal.run(), name=f"{self.name}: journal")]
        if joined:
            await self.join()
        return self

    async def join(self) -> None:
        """Let there be a centre from now on."""
        if not self.store.keys.is_of_a_fleet:
            self.store.keys.adopt(FLEET_KEY)
        await self.store.change(begin)
        self.outbox, self.inbox = self._outbox_of(self.store), self._inbox_of(self.store)
        self.line = TimescaleCentre(door_of(self.centre, self.enrolled), self.options, version="test")
        with closing(sqlite3.connect(self.path)) as connection:
            ((epoch,),) = connection.execute("SELECT epoch FROM devices WHERE name = ?", (self.name,))
        self.sync = Sync(
            outbox=self.outbox, inbox=self.inbox, centre=self._through(self.line), options=self.options,
            clock=self.wall, epoch=epoch, about={"version": "0.3.0", "capabilities": ["crossings"]},
            on_gallery_changed=self._changed, chance=self.chance.random,
        )  # fmt: skip
        self._tasks.append(asyncio.create_task(self.sync.run(), name=f"{self.name}: sync"))

    async def stop(self) -> None:
        """A stop in good order."""
        await self._end_tasks()
        await self._close_readers()
        await self.store.close()

    async def crash(self) -> None:
        """As if killed: what stands in the files at this instant is all that there is from now on.

        The files are copied while nobody may write; the old life then ends in a folder that nobody looks at again.
        """
        self._lives += 1
        old, kept = self.folder, self.folder.with_name(f"{self.folder.name.partition('~')[0]}~{self._lives}")
        with closing(sqlite3.connect(self.path, isolation_level=None, timeout=10)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            shutil.copytree(old, kept, ignore=shutil.ignore_patterns("*.lock", "*-shm"))
            connection.execute("ROLLBACK")
        await self._end_tasks()
        await self._close_readers()
        with contextlib.suppress(Exception):
            await self.store.close()
        shutil.rmtree(old)
        self.folder = kept

    async def _end_tasks(self) -> None:
        tasks, self._tasks = self._tasks[::-1], []
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended

    async def _close_readers(self) -> None:
        for port in (getattr(self, "outbox", None), getattr(self, "inbox", None)):
            if port is not None and hasattr(port, "close"):
                await port.close()
        if hasattr(self, "line"):
            await self.line.close()

    async def _changed(self) -> None:
        self.gallery_changes += 1

    # What happens there ------------------------------------------------------------------------------

    def append(
        self, type_: str = "crossing", *, subject: UUID | None = None, at: Stamp | None = None, **data: Any
    ) -> Event:
        """Something happens in front of the camera; the event, taken by the journal."""
        self._tracks += 1
        at = at or self.wall.now()
        if type_ == "crossing":
            subject = subject or self._ids.subject(TrackId(self._tracks), at)
            way = {"line": self.chance.choice(["door", "gate"]), "action": self.chance.choice("IO")}
            data = {**way, "track": self._tracks, "confidence": self.chance.random(), "x": 0.5, "y": 1 / 3, **data}
        event = Event(
            self._ids.event(type_, None, at), self.name, type_, at, None if subject is None else SubjectId(subject),
            data=data,
        )  # fmt: skip
        self.store.journal.append(event)
        return event

    async def change(self, what: str, **arguments: object) -> Mapping[str, Any]:
        """A change of people, as the daemon makes it; what it told."""
        change = understood(what, arguments)
        outcome = await self.store.change(
            lambda connection: applied(change, Work(connection, self.store.keys, self.folder, self.store.now())),
            scrub=change.erases,
        )
        return settled(outcome, self.store.keys)

    async def seal(self) -> None:
        """What the daemon does every few seconds: date rows by a clock that can be trusted by now."""
        store = self.store
        await store.change(lambda connection: seal(connection, store.origin, store.now(), store.machine_boot))

    async def catch_up(self, within_s: float = 20.0) -> None:
        """Until nothing waits that may be sent and all news are here; AssertionError where it never comes to that."""
        try:
            async with asyncio.timeout(within_s):
                while not await self.is_even():
                    await self.sync.now()
        except TimeoutError:
            waiting = self.ask("SELECT kind, count(*) FROM outbox GROUP BY 1")
            raise AssertionError(f"{self.name} never caught up: {waiting}, {dict(self.sync.state())}") from None

    async def is_even(self) -> bool:
        """Whether nothing waits, nothing is being written, and the cursor stands at the end of the feed."""
        await self.store.change(lambda _: None)
        _, cursor = await self.inbox.cursor()
        newest = self.centre.execute("SELECT coalesce(max(seq), 0) FROM changes")[0][0]
        return cursor >= newest and not self.ask("SELECT 1 FROM outbox LIMIT 1")

    def ask(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of its database."""
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(statement, values).fetchall()

    def write(self, statement: str, *values: object) -> None:
        """Write with plain SQL, as someone with a sqlite3 shell would."""
        with transaction(self.path) as connection:
            connection.execute(statement, values)
