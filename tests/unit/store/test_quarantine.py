"""What is set aside is set aside whole."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from smartlogd.store.quarantine import is_marked, mark, set_aside, set_aside_folders, unmark

NOW = dt.datetime(2027, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


def test_database_and_what_belongs_to_it_go_together_into_a_private_folder(tmp_path: Path) -> None:
    path = tmp_path / "smartlog.db"
    for name in ("smartlog.db", "smartlog.db-wal", "smartlog.db-shm", "other"):
        (tmp_path / name).write_text(name)
    aside = set_aside(path, NOW)
    assert aside == tmp_path / "corrupt-20270102T030405Z"
    assert aside.stat().st_mode & 0o777 == 0o700
    assert sorted(file.name for file in aside.iterdir()) == ["smartlog.db", "smartlog.db-shm", "smartlog.db-wal"]
    assert (aside / "smartlog.db-wal").read_text() == "smartlog.db-wal"
    assert (tmp_path / "other").exists()
    assert not path.exists()


def test_two_in_one_second_have_a_folder_each(tmp_path: Path) -> None:
    path = tmp_path / "smartlog.db"
    for _ in range(2):
        path.touch()
        set_aside(path, NOW)
    assert [folder.name for folder in set_aside_folders(tmp_path)] == [
        "corrupt-20270102T030405Z", "corrupt-20270102T030405Z-2",
    ]  # fmt: skip


def test_the_note_of_damage_is_made_and_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "smartlog.db"
    assert not is_marked(path)
    mark(path)
    assert is_marked(path)
    unmark(path)
    unmark(path)
    assert not is_marked(path)
