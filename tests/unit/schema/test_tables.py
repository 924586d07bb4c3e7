from __future__ import annotations

import pytest
from sqlalchemy import Column, Index, Integer, MetaData, Table, create_mock_engine, text

from smartlogd.schema.tables import at_centre, is_of, of_untrusted_clocks, on_edge, one_of, where_known


def made(dialect: str, *pieces: Index) -> str:
    """The SQL that makes a table with these indexes on a database of that dialect."""
    said: list[str] = []
    engine = create_mock_engine(
        f"{dialect}://", lambda ddl, *_, **__: said.append(str(ddl.compile(dialect=engine.dialect)))
    )
    names = ("a", "device_id", "boot_id", "clock_trusted")
    metadata = MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s"})
    Table("t", metadata, *(Column(name, Integer) for name in names), *pieces)
    metadata.create_all(engine, checkfirst=False)
    return "\n".join(said)


@pytest.mark.parametrize(("dialect", "index"), [("sqlite", "ix_t_a"), ("postgresql+psycopg", "ix_t_boot_id")])
def test_each_side_gets_its_own_indexes_only(dialect: str, index: str) -> None:
    text = made(dialect, on_edge(Index(None, "a")), at_centre(Index(None, "boot_id")))
    assert text.count("CREATE INDEX") == 1
    assert index in text


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql+psycopg"])
def test_an_index_of_what_is_known_leaves_out_the_rest_on_both_sides(dialect: str) -> None:
    assert "WHERE a IS NOT NULL" in made(dialect, where_known("a"))


def test_rows_of_untrusted_clocks_are_found_by_the_start_that_made_them() -> None:
    said = made("postgresql+psycopg", of_untrusted_clocks())
    assert "(device_id, boot_id) WHERE clock_trusted = false" in said


@pytest.mark.parametrize(("side", "dialect", "there"), [
    ("both", "sqlite", True), ("both", "postgresql", True), ("edge", "postgresql", False), ("central", "sqlite", False),
])  # fmt: skip
def test_a_table_lives_where_it_says(side: str, dialect: str, there: bool) -> None:
    assert is_of({"side": side}, dialect) is there


def test_words_that_are_allowed_are_quoted() -> None:
    assert str(text(one_of("role", ("owner", "guest")))) == "role IN ('owner', 'guest')"
