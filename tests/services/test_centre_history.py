"""The history of the tables at the centre, and TimescaleDB where the server has it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from centre import Centre, Cluster
from items import ago, crossing, subject, tombstone, user

from smartlogd.schema.migrate import upgrade

ROOT = Path(__file__).parents[2]


@pytest.fixture
def empty(cluster: Cluster) -> Iterator[str]:
    """The URL of a database with nothing in it."""
    name = f"smartlog_{uuid4().hex[:12]}"
    cluster.execute(f'CREATE DATABASE "{name}"')
    yield cluster.url(name)
    cluster.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def alembic(url: str, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "-x", f"url={url}", *words],
        cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def ask(url: str, statement: str) -> list[tuple]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(statement).fetchall()


SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname IN ('api', 'internal', 'report') ORDER BY 1"
TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
EDITION = "SELECT current_setting('timescaledb.license', true) FROM pg_extension WHERE extname = 'timescaledb'"


def test_up_check_down_and_up_again(empty: str) -> None:
    alembic(empty, "upgrade", "head")
    assert "No new upgrade operations detected" in alembic(empty, "check")
    assert ask(empty, SCHEMAS) == [("api",), ("internal",), ("report",)]
    alembic(empty, "downgrade", "-1")
    assert (ask(empty, SCHEMAS), ask(empty, TABLES)) == ([], [(0,)])
    alembic(empty, "upgrade", "head")
    assert "No new upgrade operations detected" in alembic(empty, "check")
    assert ask(empty, SCHEMAS) == [("api",), ("internal",), ("report",)]


def test_upgrading_what_is_newest_puts_back_functions_that_were_lost(empty: str) -> None:
    upgrade(empty)
    centre = ask(empty, "SELECT value FROM meta WHERE key = 'centre'")
    with psycopg.connect(empty, autocommit=True) as connection:
        connection.execute("DROP SCHEMA api CASCADE")
    upgrade(empty)
    assert ask(empty, "SELECT api.wire()") == [(1,)]
    assert ask(empty, "SELECT value FROM meta WHERE key = 'centre'") == centre


def test_a_check_takes_nothing_away(empty: str) -> None:
    upgrade(empty)
    with psycopg.connect(empty, autocommit=True) as connection:
        connection.execute("CREATE VIEW report.mine AS SELECT 1 AS one")
    alembic(empty, "check")
    alembic(empty, "current")
    assert ask(empty, "SELECT one FROM report.mine") == [(1,)]


def test_people_who_were_there_before_the_feed_are_told(empty: str) -> None:
    upgrade(empty)
    with psycopg.connect(empty, autocommit=True) as connection:
        connection.execute("ALTER TABLE users DISABLE TRIGGER USER")
        connection.execute(
            "INSERT INTO users (uid, name, role, created_at, updated_at)"
            " VALUES (gen_random_uuid(), 'Ada', 'member', now(), now())"
        )
    assert ask(empty, "SELECT count(*) FROM changes") == [(0,)]
    upgrade(empty)
    upgrade(empty)
    assert ask(empty, "SELECT kind, seq FROM changes") == [("user", 1)]


# TimescaleDB ------------------------------------------------------------------------------------


def edition(centre: Centre) -> str | None:
    """apache, timescale (the full one), or None for a plain PostgreSQL."""
    found = centre.execute(EDITION)
    return found[0][0] if found else None


@pytest.fixture
def timescale(centre: Centre) -> Centre:
    if edition(centre) is None:
        pytest.skip("needs TimescaleDB: name such a server in SMARTLOG_TEST_CENTRAL_URL")
    return centre


@pytest.fixture
def full(timescale: Centre) -> Centre:
    if edition(timescale) != "timescale":
        pytest.skip("needs the full edition of TimescaleDB, which compresses")
    return timescale


def test_events_and_passings_are_hypertables_of_seven_days(timescale: Centre) -> None:
    dimensions = timescale.execute(
        "SELECT hypertable_name, column_name, extract(epoch FROM time_interval)::int / 86400"
        " FROM timescaledb_information.dimensions WHERE hypertable_schema = 'public' ORDER BY 1"
    )
    assert dimensions == [("events", "ts", 7), ("smartlog", "timestamp", 7)]


def test_an_extension_that_comes_later_is_found(cluster: Cluster, timescale: Centre, empty: str) -> None:
    upgrade(empty)
    with psycopg.connect(empty, autocommit=True) as connection:
        connection.execute("DROP SCHEMA report, api, internal CASCADE")
        for table, time in (("events", "ts"), ("smartlog", "timestamp")):
            connection.execute(f"CREATE TABLE plain (LIKE {table} INCLUDING ALL)")
            connection.execute(f"DROP TABLE {table}")
            connection.execute(f"ALTER TABLE plain RENAME TO {table}")
            connection.execute(f'CREATE INDEX again ON {table} ("{time}")')
            connection.execute("DROP INDEX again")
        connection.execute(
            "INSERT INTO events (user_id, type, ts, data, event_id, device_id)"
            " VALUES (1, 'sit', now(), '{}', gen_random_uuid(), 1)"
        )
        connection.execute("DROP EXTENSION timescaledb CASCADE")
    upgrade(empty)
    assert ask(
        empty, "SELECT count(*) FROM timescaledb_information.hypertables WHERE hypertable_schema = 'public'"
    ) == [(2,)]
    assert ask(empty, "SELECT count(*), count(tableoid::regclass <> 'events'::regclass OR NULL) FROM events") == [
        (1, 1)
    ]


def test_compression_and_retention_are_as_the_options_say(full: Centre) -> None:
    policies = (
        "SELECT hypertable_name, proc_name, coalesce(config ->> 'compress_after', config ->> 'drop_after')"
        " FROM timescaledb_information.jobs WHERE hypertable_schema = 'public' ORDER BY 1, 2"
    )
    both = [("events", "policy_compression", "45 days"), ("smartlog", "policy_compression", "45 days")]
    assert full.execute(policies) == both
    full.execute("INSERT INTO meta VALUES ('retention_days', '400')")
    upgrade(full.url)
    assert [row[1:] for row in full.execute(policies)] == [
        ("policy_compression", "45 days"),
        ("policy_retention", "400 days"),
    ] * 2
    full.execute("DELETE FROM meta WHERE key = 'retention_days'")
    upgrade(full.url)
    assert full.execute(policies) == both


def compressed(centre: Centre) -> int:
    """Compress all chunks; how many there are."""
    for table in ("events", "smartlog"):
        centre.execute(f"SELECT compress_chunk(c, if_not_compressed => true) FROM show_chunks('{table}') AS c")
    return centre.execute("SELECT count(*) FROM timescaledb_information.chunks WHERE is_compressed")[0][0]


def test_a_compressed_chunk_is_read_and_relabelled_with_late_rows_beside_it(full: Centre, speaking: Callable) -> None:
    door, gate, ada = speaking("door"), speaking("gate"), user(name="Ada")
    full.execute("INSERT INTO meta VALUES ('late_after_days', '100')")
    old = [crossing("I", ts=ago(days=60, seconds=number)) for number in range(50)]
    door.send(*old)
    gate.send(*(crossing("O", ts=ago(days=60, seconds=number)) for number in range(50)))
    full.execute("DELETE FROM meta WHERE key = 'late_after_days'")
    assert compressed(full) >= 2
    assert full.execute("SELECT count(*) FROM smartlog") == [(100,)]
    late = crossing("O", subject=old[0]["subject"], ts=old[0]["ts"] + 1)
    assert door.send(late, old[1])["duplicate"] == [old[1]["seq"]]
    door.send(ada, *(subject(one["subject"], user=ada["uid"], rev=1) for one in old[:3]))
    assert full.execute("SELECT sum(ins), sum(outs) FROM report.person_day WHERE person = 'Ada'") == [(3, 1)]
    assert full.execute("SELECT count(*) FROM late_rows WHERE person_id IS NOT NULL") == [(1,)]
    assert full.execute("SELECT sum(in_count), sum(out_count) FROM report.in_out_hourly") == [(50, 51)]
    door.send(tombstone(ada["uid"]))
    assert full.execute("SELECT count(*) FROM smartlog WHERE user_id IS NOT NULL OR uuid = event_id::text") == [(3,)]
    assert full.execute("SELECT count(*) FROM events WHERE subject_uuid IS NULL AND NOT data ? 'track'") == [(3,)]
    assert full.execute("SELECT count(*) FROM smartlog") == [(100,)]
    assert compressed(full) >= 2
