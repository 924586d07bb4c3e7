"""Closing what is open, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from administration import empty_database

from smartlogd.schema.migrate import upgrade
from smartlogd.sync.administrator import Connection, opened
from smartlogd.sync.hardening import Gap, gaps, harden

if TYPE_CHECKING:
    from centre import Cluster

    from smartlogd.schema.migrate import DatabaseUrl


def to_close(found: tuple[Gap, ...]) -> list[str]:
    return [gap.what for gap in found if not gap.is_advice]


@pytest.fixture(scope="module")
def url(cluster: Cluster) -> Iterator[DatabaseUrl]:
    with empty_database(cluster) as made:
        upgrade(made)
        yield made


@pytest.fixture
def connection(url: DatabaseUrl) -> Iterator[Connection]:
    with opened(url) as made:
        yield made


def test_all_that_is_open_is_found_and_closed(connection: Connection) -> None:
    assert len(to_close(gaps(connection))) >= 5
    assert to_close(harden(connection)) == []
    assert to_close(gaps(connection)) == []


@pytest.mark.parametrize(
    "statement",
    [
        "GRANT TEMPORARY ON DATABASE {} TO PUBLIC",
        "GRANT USAGE ON SCHEMA public TO PUBLIC",
        "GRANT SELECT ON public.users TO smartlog_device",
        "GRANT SELECT ON report.who_is_in TO PUBLIC",
        "GRANT EXECUTE ON FUNCTION api.wire() TO PUBLIC",
        "GRANT SELECT ON pg_stat_activity TO PUBLIC",
        "GRANT EXECUTE ON FUNCTION pg_sleep(double precision) TO PUBLIC",
        "GRANT EXECUTE ON FUNCTION pg_stat_get_activity(integer) TO PUBLIC",
        "GRANT USAGE ON LANGUAGE plpgsql TO PUBLIC",
        "CREATE FUNCTION public.mine() RETURNS integer LANGUAGE sql RETURN 1",
    ],
)
def test_what_somebody_opens_again_is_found_again(connection: Connection, statement: str) -> None:
    harden(connection)
    connection.execute(statement.format(f'"{connection.info.dbname}"').encode())
    assert len(to_close(gaps(connection))) == 1
    assert to_close(harden(connection)) == []


def test_whoever_may_not_close_the_catalogue_closes_the_rest_and_is_told(cluster: Cluster) -> None:
    name = f"smartlog_owner_{uuid4().hex[:8]}"
    cluster.execute(f"CREATE ROLE {name} LOGIN CREATEROLE")
    try:
        with empty_database(cluster, name) as url:
            owned = url.set(username=name)
            upgrade(owned)
            with opened(owned) as owner:
                left = harden(owner)
                assert to_close(harden(owner)) == to_close(left)
    finally:
        cluster.execute(f"DROP ROLE {name}")
    assert any("signal" in gap.what for gap in left)
    assert not any("connect to the database" in gap.what for gap in left)
    statements = [statement for gap in left for statement in gap.statements]
    assert any("REVOKE EXECUTE ON FUNCTION pg_sleep(double precision) FROM PUBLIC" in each for each in statements)


def test_those_who_watch_over_servers_go_on_watching(
    cluster: Cluster, url: DatabaseUrl, connection: Connection
) -> None:
    harden(connection)
    connection.execute("SET ROLE pg_monitor")
    assert connection.execute("SELECT count(*) > 0 FROM pg_stat_activity").fetchone() == (True,)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SELECT pg_sleep(0)")
    connection.execute("RESET ROLE")
