from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from centre import Cluster
from sqlalchemy import Connection, create_engine

from smartlogd.schema.functions import chapters, put_back, take_away
from smartlogd.schema.migrate import reachable, upgrade

OURS = "SELECT count(*) FROM pg_namespace WHERE nspname IN ('api', 'internal', 'report')"


@pytest.fixture
def database(cluster: Cluster) -> Iterator[Connection]:
    """A migrated database of the centre."""
    name = f"smartlog_{uuid4().hex[:12]}"
    cluster.execute(f'CREATE DATABASE "{name}"')
    upgrade(cluster.url(name))
    engine = create_engine(reachable(cluster.url(name)))
    with engine.connect() as connection:
        yield connection
    engine.dispose()
    cluster.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_the_chapters_come_in_their_order_and_rights_come_last() -> None:
    names = [chapter.name for chapter in chapters()]
    assert names == sorted(names)
    assert names[0] == "10_roles.sql"
    assert names[-1] == "90_rights.sql"


def test_every_function_and_view_says_what_it_is_for() -> None:
    silent = [
        (chapter.name, found[2])
        for chapter in chapters()
        for found in re.finditer(
            r"(^--[^\n]*\n)?CREATE (?:FUNCTION|VIEW) (\S+?)[ (]", chapter.read_text(), re.MULTILINE
        )
        if not found[1]
    ]
    with_neighbour = {"internal.micros", "internal.followed", "internal.take_snapshots", "internal.move_counts"}
    assert {name for _, name in silent} == with_neighbour  # one comment speaks of both


def test_what_is_taken_away_is_put_back(database: Connection) -> None:
    take_away(database)
    assert database.exec_driver_sql(OURS).scalar_one() == 0
    put_back(database)
    assert database.exec_driver_sql(OURS).scalar_one() == 3


def test_tables_of_another_version_are_left_without(database: Connection) -> None:
    take_away(database)
    database.exec_driver_sql("UPDATE alembic_version SET version_num = '0002'")
    put_back(database)
    assert database.exec_driver_sql(OURS).scalar_one() == 0
