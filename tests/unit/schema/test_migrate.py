from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from smartlogd.schema.migrate import APPLICATION_ID, HISTORY, create, head, revisions, upgrade
from smartlogd.schema.models import Base


def created(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        create(connection)
        connection.commit()


def shape(path: Path) -> dict[str, list[str]]:
    """Every object of the database by name, as the lines of its text: the order of constraints means nothing."""
    with closing(sqlite3.connect(path)) as connection:
        texts = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
        texts["version"] = str(connection.execute("SELECT version_num FROM alembic_version").fetchall())
        texts["application"] = str(connection.execute("PRAGMA application_id").fetchone())
    return {name: sorted(line.strip().rstrip(", ") for line in text.splitlines()) for name, text in texts.items()}


def test_a_new_database_is_what_the_migrations_make(tmp_path: Path, url: str) -> None:
    upgrade(url)
    created(tmp_path / "made.db")
    assert shape(tmp_path / "made.db") == shape(tmp_path / "smartlog.db")


def test_autogenerate_finds_nothing_to_do_on_a_migrated_database(tmp_path: Path, url: str) -> None:
    upgrade(url)
    created(tmp_path / "made.db")
    for name in ("smartlog.db", "made.db"):
        engine = create_engine(f"sqlite:///{tmp_path / name}")
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, Base.metadata) == []
        engine.dispose()


def test_upgrading_twice_changes_nothing(tmp_path: Path, url: str) -> None:
    upgrade(url)
    before = shape(tmp_path / "smartlog.db")
    upgrade(url)
    assert shape(tmp_path / "smartlog.db") == before


def test_the_head_read_off_the_file_names_is_alembics() -> None:
    config = Config()
    config.set_main_option("script_location", str(HISTORY))
    script = ScriptDirectory.from_config(config)
    assert script.get_current_head() == head()
    assert sorted(revision.revision for revision in script.walk_revisions()) == list(revisions())


def test_the_head_is_known_without_importing_a_database_library() -> None:
    asked = """
import sys
from smartlogd.schema.migrate import head
head()
print(sorted({"sqlalchemy", "alembic"} & set(sys.modules)))
"""
    answer = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_the_mark_is_four_letters() -> None:
    assert APPLICATION_ID.to_bytes(4, "big") == b"SLOG"
