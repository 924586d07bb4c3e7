"""The central database over its own protocol: one connection, one statement for each question, a deadline on all.

A device may call a few functions there and see nothing else. `psycopg` is imported at the first connection, so that
a device without a centre does not pay for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from smartlogd.base.wire import WIRE, Page, Verdicts
from smartlogd.sync.bundle import STRICT, Address, Bundle
from smartlogd.sync.options import SyncOptions
from smartlogd.sync.trouble import CentreAway, CentreTrouble, trouble_of, trouble_of_connecting
from smartlogd.sync.verdict import page_of, verdicts_of

if TYPE_CHECKING:
    import psycopg

    Connection: TypeAlias = psycopg.AsyncConnection[tuple[object, ...]]

_INGEST = "SELECT api.ingest(%s, %s, %s, %s)::text"
_PULL = "SELECT api.pull(%s, %s, %s)::text"
_SHARE = "SELECT api.share(%s)::text"
_SYSTEM_CA = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
"""Where Debian and others keep whom the system trusts; the driver's own idea of the place is its builder's."""
_KEEPALIVE = {"keepalives": 1, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}


@dataclass(frozen=True, slots=True)
class Door:
    """Where the centre is, and how this device shows that it is itself; the secret is in no repr."""

    address: Address
    login: str
    secret: str | None = field(default=None, repr=False)
    ca: str | None = field(default=None, repr=False)
    certificate: Path | None = None
    key: Path | None = None

    @classmethod
    def of(cls, bundle: Bundle, options: SyncOptions) -> Door:
        """The door that an enrolment and the settings say."""
        return cls(
            address=Address.of(options.url) if options.url else bundle.address,
            login=bundle.login,
            secret=bundle.secret,
            ca=bundle.ca,
            certificate=Path(options.client_certificate) if options.client_certificate else None,
            key=Path(options.client_key) if options.client_key else None,
        )


class TimescaleCentre:
    """A `Centre` in PostgreSQL, with or without TimescaleDB; questions are asked one after the other."""

    def __init__(self, door: Door, options: SyncOptions, *, version: str = "") -> None:
        self._door, self._options = door, options
        self._name = f"smartlogd {version}".strip()
        self._connection: Connection | None = None
        self._asking: asyncio.Task[object] | None = None
        self._turn = asyncio.Lock()

    async def ingest(self, epoch: str, body: str, about: Mapping[str, object]) -> Verdicts:
        """Send items; what the centre says of each. CentreTrouble where it does not."""
        return verdicts_of(await self._asked(_INGEST, epoch, WIRE, json.dumps(about), body))

    async def pull(self, cursor: int, most: int) -> Page:
        """What changed after `cursor`, at most so many rows of it. CentreTrouble where it does not say."""
        return page_of(await self._asked(_PULL, cursor, WIRE, most), cursor)

    async def share(self, token: str) -> object:
        """What a link opens, as the centre says it, and one use of it less; None where it opens nothing."""
        return await self._asked(_SHARE, token)

    async def close(self) -> None:
        """Hang up; the next question connects again."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        asking = self._asking
        if asking is not None and not asking.done():
            # The driver's C code holds on to the connection while a question is under way: freed under it, it would
            # take the whole process with it.
            _cut(connection)
            await asyncio.wait({asking})
        await connection.close()

    async def _asked(self, statement: str, *values: object) -> object:
        """The one value that a statement gives, within `answer_s`; whatever goes wrong is told as CentreTrouble."""
        import psycopg

        async with self._turn:
            connection = await self._connected()
            self._asking = asking = asyncio.create_task(_value(connection, statement, values), name="sync: ask")
            asking.add_done_callback(_heard)
            try:
                async with asyncio.timeout(self._options.answer_s):
                    return await asyncio.shield(asking)
            except TimeoutError:
                raise self._too_late("answer", self._options.answer_s) from None
            except psycopg.Error as error:
                if connection.closed:
                    await self.close()
                raise _told(error) from error
            finally:
                if not asking.done():
                    await self._hang_up(connection, asking)

    async def _connected(self) -> Connection:
        """The connection, made where there is none."""
        import psycopg
        from psycopg.conninfo import make_conninfo

        if self._connection is not None and not self._connection.closed:
            return self._connection
        self._connection = None
        span_s, trouble = self._options.connect_s, None
        try:
            with _readable(self._door.ca) as ca:
                async with asyncio.timeout(span_s):
                    told = make_conninfo("", **self._parameters(ca))
                    self._connection = await psycopg.AsyncConnection.connect(told, autocommit=True, prepare_threshold=0)
        except (TimeoutError, psycopg.errors.ConnectionTimeout):
            trouble = self._too_late("let itself be reached", span_s)
        except (psycopg.Error, UnicodeError) as error:  # of a host name that can be nobody's, Python says the latter
            trouble = trouble_of_connecting(str(error))
        if self._connection is None or trouble is not None:
            # Raised out here, it does not keep the driver's frames alive, and with them a socket that is half open.
            raise trouble or self._too_late("let itself be reached", span_s)
        return self._connection

    def _parameters(self, ca: str) -> dict[str, str | int | None]:
        """What the driver is told; nothing is left to files in somebody's home."""
        door, address = self._door, self._door.address
        return {
            "host": address.host,
            "port": address.port,
            "dbname": address.database,
            "user": door.login,
            "password": door.secret,
            "passfile": os.devnull,
            "sslmode": address.sslmode,
            "sslrootcert": ca if door.ca or address.sslmode == STRICT else None,
            "sslcert": str(door.certificate) if door.certificate else None,
            "sslkey": str(door.key) if door.key else None,
            "gssencmode": "disable",
            "client_encoding": "UTF8",
            "application_name": self._name,
            # For each address of the host: one to which no way leads must not use up the time of the next.
            "connect_timeout": max(2, round(self._options.connect_s / 2)),
            "tcp_user_timeout": round(self._options.answer_s * 1000),
            **_KEEPALIVE,
        }

    async def _hang_up(self, connection: Connection, asking: asyncio.Task[object]) -> None:
        """Cut the wire under a question that nobody waits for any more, so that it ends at once.

        The driver, when cancelled, would first ask the server to cancel as well, over the network that does not work.
        """
        _cut(connection)
        await asyncio.wait({asking})
        await self.close()

    def _too_late(self, what: str, span_s: float) -> CentreTrouble:
        host = self._door.address.host
        return CentreAway(f"The centre at {host} did not {what} within {span_s:g} s.", "It is tried again by itself.")


async def _value(connection: Connection, statement: str, values: tuple[object, ...]) -> object:
    cursor = await connection.execute(statement, values)
    row = await cursor.fetchone()
    return row[0] if row else None


def _cut(connection: Connection) -> None:
    """Let nothing more come over this connection, nor wait for anything."""
    if connection.closed:
        return
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as wire:
        wire.shutdown(socket.SHUT_RDWR)


def _heard(asking: asyncio.Task[object]) -> None:
    """Whatever came of a question: whoever gave up waiting for it need not hear it any more."""
    if not asking.cancelled():
        asking.exception()


def _told(error: psycopg.Error) -> CentreTrouble:
    """An error of a statement in our words; the server's first line is its reason."""
    return trouble_of(error.sqlstate, error.diag.message_primary or str(error))


@contextlib.contextmanager
def _readable(ca: str | None) -> Iterator[str]:
    """The path of a file with who may sign the server's certificate; held in memory only, where it is the bundle's."""
    if ca is None:
        yield next((path for path in _SYSTEM_CA if Path(path).exists()), "system")
        return
    descriptor = os.memfd_create("smartlogd-ca", os.MFD_CLOEXEC)
    try:
        with os.fdopen(os.dup(descriptor), "w") as file:
            file.write(ca)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
