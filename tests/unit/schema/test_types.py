from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import Column, Engine, MetaData, Table, create_engine, insert, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import StatementError
from sqlalchemy.schema import CreateTable

from smartlogd.schema.types import Document, Instant, UniqueId

AT = dt.datetime(2026, 3, 1, 14, 0, 0, 123456, dt.timezone(dt.timedelta(hours=2)))


@pytest.fixture
def table() -> Table:
    return Table("t", MetaData(), Column("at", Instant), Column("id", UniqueId), Column("data", Document))


@pytest.fixture
def memory(table: Table) -> Engine:
    engine = create_engine("sqlite://")
    table.metadata.create_all(engine)
    return engine


def test_sqlite_keeps_whole_microseconds(memory: Engine, table: Table) -> None:
    with memory.begin() as connection:
        connection.execute(insert(table).values(at=AT))
        assert connection.execute(text("SELECT at, typeof(at) FROM t")).one() == (1772366400123456, "integer")
        assert connection.execute(select(table.c.at)).scalar_one() == AT
        assert connection.execute(select(table.c.at)).scalar_one().tzinfo is dt.UTC
    memory.dispose()


def test_nothing_stays_nothing(memory: Engine, table: Table) -> None:
    with memory.begin() as connection:
        connection.execute(insert(table).values(at=None))
        assert connection.execute(select(table.c.at)).scalar_one() is None
    memory.dispose()


def test_a_naive_datetime_is_refused(memory: Engine, table: Table) -> None:
    with memory.connect() as connection, pytest.raises(StatementError, match="no time zone"):
        connection.execute(insert(table).values(at=AT.replace(tzinfo=None)))
    memory.dispose()


def test_postgresql_is_given_its_own_types(table: Table) -> None:
    made = str(CreateTable(table).compile(dialect=postgresql.dialect()))
    assert "at TIMESTAMP WITH TIME ZONE" in made
    assert "id UUID" in made
    assert "data JSONB" in made


def test_postgresql_is_given_the_instant_itself_and_gives_utc_back() -> None:
    dialect = postgresql.dialect()
    assert Instant().process_bind_param(AT, dialect) == AT
    assert Instant().process_result_value(AT, dialect).isoformat() == "2026-03-01T12:00:00.123456+00:00"


def test_a_uuid_is_its_36_characters_on_sqlite(memory: Engine, table: Table) -> None:
    id_ = "01a1ffd2-8657-716d-82f5-81802cf5c65c"
    with memory.begin() as connection:
        connection.execute(insert(table).values(id=id_))
        assert connection.execute(text("SELECT id FROM t")).scalar_one() == id_
        assert connection.execute(select(table.c.id)).scalar_one() == id_
    memory.dispose()
