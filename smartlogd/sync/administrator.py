"""How the administrator reaches the central database: by DATABASE_URL, whichever driver it names.

A URL with a password is taken from the environment or from `.env` only: what stands on a command line is read by every
account of the machine. No message of ours holds a URL, and so none holds a password.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, LiteralString, TypeAlias

import psycopg
from psycopg.conninfo import conninfo_to_dict

from smartlogd.base.errors import Exit, Missing, ServiceAway, SmartlogError, UnusableInput, WrongConfiguration
from smartlogd.sync.trouble import shortened

if TYPE_CHECKING:
    from smartlogd.schema.migrate import DatabaseUrl

Connection: TypeAlias = psycopg.Connection[tuple[object, ...]]

VARIABLE = "DATABASE_URL"
CONNECT_S = 10
_SPOKEN = ("starting up", "shutting down", "recovery mode", "too many clients", "connection slots")


class Refused(SmartlogError):
    """The central database does not let this login do what was asked (exit 77)."""

    code = Exit.PERMISSION


def administrator(given: str | None, environment: Mapping[str, str | None]) -> DatabaseUrl:
    """The central database: as `given` on the command line, else as DATABASE_URL of the environment says.

    WrongConfiguration where neither names one, UnusableInput where it is no PostgreSQL.
    """
    from smartlogd.schema.migrate import reachable

    url = given or environment.get(VARIABLE)
    hint = f"Say which: {VARIABLE}=postgresql://NAME:PASSWORD@HOST/DATABASE in the environment or in .env."
    if not url:
        raise WrongConfiguration("Nothing says where the central database is.", hint)
    made = reachable(url)
    if made.get_backend_name() != "postgresql":
        raise UnusableInput("This is no central database: its URL is a device's.", hint)
    if given and (made.password is not None or "password" in made.query):
        what = "A password on the command line can be read by every account of this machine."
        raise SmartlogError(what, f"Put the URL in {VARIABLE}, in the environment or in .env.", code=Exit.USAGE)
    return made


def libpq(url: DatabaseUrl) -> str:
    """The same URL as libpq reads it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def opened(url: DatabaseUrl) -> Iterator[Connection]:
    """A connection to the central database in autocommit; what goes wrong in the block is told in our words."""
    with told():
        try:
            conninfo_to_dict(libpq(url))
        except psycopg.ProgrammingError:
            what = "The database's URL has a part that PostgreSQL's own library does not know."
            raise UnusableInput(what, "See the parameter key words of libpq: sslmode, sslrootcert and so on.") from None
        with psycopg.connect(
            libpq(url), autocommit=True, connect_timeout=CONNECT_S, application_name="smartlogd central"
        ) as connection:
            yield connection


@contextmanager
def told() -> Iterator[None]:
    """Let the server's complaints be told as ours."""
    try:
        yield
    except psycopg.Error as error:
        raise refusal(error.sqlstate, str(error)) from error


def rows(connection: Connection, query: LiteralString, *values: object) -> list[tuple[object, ...]]:
    """The rows of a query."""
    return connection.execute(query, values or None).fetchall()


def one(connection: Connection, query: LiteralString, *values: object) -> object:
    """The one value of a query; None where it has no row."""
    found = connection.execute(query, values or None).fetchone()
    return found[0] if found else None


def refusal(state: str | None, said: str) -> SmartlogError:
    """What an error of the server means for whoever administers it."""
    reason = shortened(said.rpartition("FATAL:")[2])
    if state is None and ("FATAL:" not in said or any(word in said for word in _SPOKEN)):
        if "certificate" in said or "SSL" in said:
            what = f"The server does not prove who it is, or asks for TLS ({reason})."
            return Refused(what, "Check sslmode and sslrootcert in the URL, and the server's certificate.")
        return ServiceAway(
            f"The central database does not answer ({reason}).", "Check its host and port, and try again."
        )
    if state == "3D000" or (state is None and "does not exist" in said and "database" in said):
        return Missing(f"There is no such central database ({reason}).", "Make it: createdb -O OWNER smartlog")
    if state is None or state[:2] == "28":
        return Refused(f"The central database refuses the login ({reason}).", f"Check name and password in {VARIABLE}.")
    if state == "42501":
        hint = "Let the owner of the database do it, who may also make roles (CREATEROLE), or a superuser."
        return Refused(f"This login may not do that ({reason}).", hint)
    if state[:2] in {"08", "53", "57", "40", "55"}:
        return ServiceAway(f"The central database cannot do it now ({reason}).", "Try again.")
    return UnusableInput(f"The central database refuses ({reason}).", "See its log for the rest.")
