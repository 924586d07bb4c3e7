"""Alembic's own command line on the repository's alembic.ini, as a person types it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def alembic(*words: str, check: bool = True, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "alembic", *words],
        cwd=cwd, capture_output=True, text=True, check=False, env=os.environ | environment,
    )  # fmt: skip
    assert not check or done.returncode == 0, done.stderr
    return done


def tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_up_check_down_and_up_again(tmp_path: Path, url: str) -> None:
    path = tmp_path / "smartlog.db"
    alembic("-x", f"url={url}", "upgrade", "head")
    assert {"smartlog", "events", "subjects", "devices", "users", "boots", "meta", "face_templates"} <= tables(path)
    assert "No new upgrade operations detected" in alembic("-x", f"url={url}", "check").stdout
    alembic("-x", f"url={url}", "downgrade", "-1")
    assert {"smartlog", "face_templates"} <= tables(path)
    assert "outbox" not in tables(path)
    alembic("-x", f"url={url}", "downgrade", "base")
    assert tables(path) <= {"alembic_version", "sqlite_sequence"}
    alembic("upgrade", "head", DATABASE_URL=url)
    assert "smartlog" in tables(path)


def test_the_history_can_be_read() -> None:
    assert "0003 (head)" in alembic("history").stdout


def test_a_new_revision_gets_the_next_number_and_is_empty(tmp_path: Path, url: str) -> None:
    for name in ("alembic.ini", "smartlogd"):
        source = ROOT / name
        shutil.copytree(source, tmp_path / name) if source.is_dir() else shutil.copy(source, tmp_path)
    here = {"PYTHONPATH": str(tmp_path)}
    alembic("-x", f"url={url}", "upgrade", "head", cwd=tmp_path, **here)
    alembic("-x", f"url={url}", "revision", "--autogenerate", "-m", "nothing new", cwd=tmp_path, **here)
    (made,) = (tmp_path / "smartlogd/schema/history/versions").glob("*_nothing_new.py")
    assert made.name == "0004_nothing_new.py"
    assert made.read_text().count("    pass") == 2


@pytest.mark.parametrize(
    "url", ["postgresql://centre.invalid/smartlog", "postgresql+asyncpg://centre.invalid/smartlog"]
)
def test_a_url_of_postgresql_is_taken_with_the_driver_that_is_here(url: str) -> None:
    done = alembic("-x", f"url={url}", "upgrade", "head", check=False)
    assert "psycopg.OperationalError" in done.stderr
    assert "centre.invalid" in done.stderr


@pytest.mark.parametrize("url", ["mysql://centre/smartlog", "no url"])
def test_another_kind_of_database_is_refused_with_a_hint(url: str) -> None:
    assert "UnusableInput" in alembic("-x", f"url={url}", "upgrade", "head", check=False).stderr


@pytest.mark.parametrize("step", ["upgrade", "downgrade"])
def test_a_step_that_fails_changes_nothing(tmp_path: Path, url: str, step: str) -> None:
    path = tmp_path / "smartlog.db"
    if step == "upgrade":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE smartlog (mine)")  # the last table of the step is in the way
    else:
        alembic("-x", f"url={url}", "upgrade", "head")
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("ALTER TABLE boots RENAME TO shoes")
    before = tables(path)
    done = alembic("-x", f"url={url}", step, "head" if step == "upgrade" else "base", check=False)
    assert done.returncode != 0
    assert tables(path) == before
