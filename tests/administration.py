"""What tests of the central administration share: an empty database with a URL, and the store's ciphers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
from psycopg import sql

from smartlogd.store import fleet
from smartlogd.sync.administrator import administrator
from smartlogd.sync.enrolment import FleetWork

if TYPE_CHECKING:
    from centre import Cluster

    from smartlogd.schema.migrate import DatabaseUrl

WORK = FleetWork(
    new=fleet.fleet_key,
    delivery=fleet.delivery_key,
    wrapped=fleet.fleet_wrapped_for,
    is_under=fleet.is_under,
    rewrapped=fleet.person_key_rewrapped,
)


@contextmanager
def empty_database(cluster: Cluster, owner: str | None = None) -> Iterator[DatabaseUrl]:
    """An empty database of its own, as its administrator names it; taken away with the logins that were made in it."""
    name = f"smartlog_{uuid4().hex[:12]}"
    cluster.execute(f'CREATE DATABASE "{name}"' + (f' OWNER "{owner}"' if owner else ""))
    try:
        yield administrator(cluster.url(name), {})
    finally:
        with psycopg.connect(cluster.url(name), autocommit=True) as connection:
            known = connection.execute("SELECT to_regclass('public.device_logins') IS NOT NULL").fetchone()
            logins = connection.execute("SELECT login FROM device_logins").fetchall() if known and known[0] else []
        cluster.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        for (login,) in logins:
            cluster.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(login)))


def device_name() -> str:
    """A name that no other test gives a device: logins belong to the whole server."""
    return f"door-{uuid4().hex[:8]}"
