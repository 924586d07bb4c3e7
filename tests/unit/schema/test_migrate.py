from __future__ import annotations

import re
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
from sqlalchemy.schema import SchemaItem

from smartlogd.schema.migrate import APPLICATION_ID, HISTORY, create, head, revisions, upgrade
from smartlogd.schema.models import Base
from smartlogd.schema.tables import is_of

FIRST_ROWS = """
INSERT INTO users VALUES (1, 'u', NULL, 'Resident', 'member', 0, 0, NULL, NULL);
INSERT INTO devices VALUES (1, 1, 'door', 'camera', 'online', '[]', 0, NULL, '0.1.0', 1, 'e', 0);
INSERT INTO subjects VALUES ('named', 1, 0, 0, NULL, 5, 9, NULL), ('unnamed', NULL, 0, 0, NULL, 5, 9, NULL);
INSERT INTO events (user_id, type, ts, data, event_id, device_id) VALUES (1, 'sit', 7, '{}', 'x', 1);
INSERT INTO smartlog (uuid, user_id, action, timestamp) VALUES
    ('named', NULL, 'I', 6), ('unnamed', NULL, 'I', 7), (NULL, 1, 'O', 8), ('named', 1, 'O', 9);
"""


def of_the_edge(item: SchemaItem, _name: object, _kind: str, is_reflected: object, *_: object) -> bool:
    return bool(is_reflected) or is_of(item.info, "sqlite")


def created(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        create(connection)
        connection.commit()


def shape(path: Path) -> dict[str, list[str]]:
    """Every object of the database by name, as the pieces of its text.

    Their order means nothing, nor do the quotes that SQLite writes round a table's new name.
    """
    with closing(sqlite3.connect(path)) as connection:
        texts = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
        texts["version"] = str(connection.execute("SELECT version_num FROM alembic_version").fetchall())
        texts["application"] = str(connection.execute("PRAGMA application_id").fetchone())
    return {name: sorted(re.split(r"\s*[,\n]\s*", text.replace('"', ""))) for name, text in texts.items()}


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
            context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": of_the_edge})
            assert compare_metadata(context, Base.metadata) == []
        engine.dispose()


def test_upgrading_twice_changes_nothing(tmp_path: Path, url: str) -> None:
    upgrade(url)
    before = shape(tmp_path / "smartlog.db")
    upgrade(url)
    assert shape(tmp_path / "smartlog.db") == before


def test_a_log_of_the_first_version_keeps_its_rows_and_names_its_past(tmp_path: Path, url: str) -> None:
    upgrade(url, "0001")
    before, named, unnamed = "SELECT * FROM events", ("named", 1), ("unnamed", None)
    with closing(sqlite3.connect(tmp_path / "smartlog.db")) as connection:
        connection.executescript(FIRST_ROWS)
        events = connection.execute(before).fetchall()
    upgrade(url)
    with closing(sqlite3.connect(tmp_path / "smartlog.db")) as connection:
        assert connection.execute(before).fetchall() == events
        rows = connection.execute("SELECT uuid, user_id FROM smartlog ORDER BY id").fetchall()
        assert rows == [named, unnamed, (None, 1), named]
        assert connection.execute("SELECT who FROM smartlog_readable WHERE id = 1").fetchone() == ("Resident",)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM face_templates").fetchone() == (0,)


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
