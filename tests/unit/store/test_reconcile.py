"""Rows and files that were left apart are found, and brought together again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from reels import files, shelved, wanted

from smartlogd.base.known import Medium
from smartlogd.base.time import Stamp
from smartlogd.store.birth import arrive
from smartlogd.store.check import checked
from smartlogd.store.keys import Keys
from smartlogd.store.outcome import Work
from smartlogd.store.reconcile import Fault, differences, lying, newest_boot, reconciled, repair
from smartlogd.store.requests import Plainly
from smartlogd.store.rows import Origin

BOOT = UUID(int=1)


@pytest.fixture
def here(database: sqlite3.Connection, at: Stamp) -> Origin:
    return arrive(database, device="door", version="0", boot=BOOT, start=at)


def faults(database: sqlite3.Connection, folder: Path, boot: str | None = None) -> list[Fault]:
    return [one.fault for one in differences(database, folder, lying(folder), boot=boot)]


def test_what_is_as_it_should_be_is_let_be(database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp) -> None:
    for phase, medium in (("kept", Medium.CLIP), ("uploaded", Medium.CLIP), ("kept", Medium.SNAPSHOT)):
        shelved(database, here, folder, wanted(at, medium=medium), phase=phase)
    assert len(files(folder)) == 5
    assert faults(database, folder) == []
    assert reconciled(database, folder, lying(folder), boot=None) == ()
    assert checked(folder) == ()


def test_a_folder_without_recordings_lies_empty(folder: Path) -> None:
    assert lying(folder) == frozenset()


def remove(folder: Path, path: str) -> None:
    (folder / path).unlink()


def cut(folder: Path, path: str) -> None:
    (folder / path).write_bytes(b"half of it")


def remove_still(folder: Path, path: str) -> None:
    (folder / path).with_suffix(".png").unlink()


@pytest.mark.parametrize(
    ("phase", "spoil", "fault", "after", "left"),
    [
        ("kept", remove, Fault.GONE, ("lost", None, None), 0),
        ("kept", cut, Fault.OTHER, ("lost", None, None), 0),
        ("kept", remove_still, Fault.STILL_GONE, ("kept", "here", None), 1),
        ("uploaded", remove, Fault.COPY_GONE, ("uploaded", None, "here"), 0),
        ("planned", lambda *_: None, Fault.UNMADE, ("lost", None, None), 0),
    ],
)
def test_each_fault_has_its_name_and_its_repair(
    database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp, phase: str,
    spoil: Callable[[Path, str], None], fault: Fault, after: tuple[str, str | None, str | None], left: int,
) -> None:  # fmt: skip
    path = shelved(database, here, folder, wanted(at), phase=phase)
    spoil(folder, path)
    assert faults(database, folder) == [fault]
    (done,) = reconciled(database, folder, lying(folder), boot=None)
    assert done.about == path
    assert done.what.startswith(f"{path}: ")
    ((phase, there, still),) = database.execute("SELECT phase, path, preview_png FROM clips").fetchall()
    assert (phase, there and "here", still and "here") == after
    assert len(files(folder)) == left
    assert faults(database, folder) == []


def test_a_lost_file_is_noted_as_a_loss_and_one_that_was_never_made_is_none(
    database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp
) -> None:
    remove(folder, shelved(database, here, folder, wanted(at), size=700))
    shelved(database, here, folder, wanted(at), phase="planned")
    reconciled(database, folder, lying(folder), boot=None)
    ((noted,),) = database.execute("SELECT value FROM meta WHERE key = 'lost'").fetchall()
    assert [(what, told[:2]) for what, told in json.loads(noted).items()] == [("clips", [1, 700])]


def test_a_planned_one_whose_file_has_its_name_is_whole(
    database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp
) -> None:
    path = shelved(database, here, folder, wanted(at))
    before = database.execute("SELECT bytes, sha256, preview_png FROM clips").fetchone()
    database.execute("UPDATE clips SET phase = 'planned', bytes = NULL, sha256 = NULL, preview_png = NULL")
    assert faults(database, folder) == [Fault.UNFILED]
    (done,) = reconciled(database, folder, lying(folder), boot=None)
    assert done.what == f"{path}: it was made and not noted, and is kept now."
    assert database.execute("SELECT bytes, sha256, preview_png FROM clips").fetchone() == before
    assert faults(database, folder) == []


def test_what_this_start_has_planned_is_its_own(
    database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp
) -> None:
    shelved(database, here, folder, wanted(at), phase="planned")
    assert newest_boot(database) == str(BOOT)
    assert faults(database, folder, boot=str(BOOT)) == []
    assert faults(database, folder, boot=str(UUID(int=2))) == [Fault.UNMADE]


def test_an_event_that_is_missing_is_told_again(
    database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp
) -> None:
    shelved(database, here, folder, wanted(at, labels=("sit",)))
    shelved(database, here, folder, wanted(at, medium=Medium.SNAPSHOT))
    database.execute("DELETE FROM events")
    assert {(finding.about, finding.grave) for finding in checked(folder)} == {("events before media", True)}
    assert len(reconciled(database, folder, lying(folder), boot=None)) == 2
    types = database.execute("SELECT type FROM events ORDER BY type").fetchall()
    assert types == [("clip_saved",), ("snapshot_saved",)]
    assert json.loads(database.execute("SELECT data FROM events").fetchone()[0]) == {"labels": ["sit"]}
    assert checked(folder) == ()


def test_strays_go_and_links_and_folders_are_let_be(
    database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "mine"
    elsewhere.write_text("mine")
    shelved(database, here, folder, wanted(at))
    (folder / "clips" / "stray.mp4").touch()
    (folder / "clips" / "stray.png").touch()
    (folder / "clips" / ".being-written.part").touch()  # by a daemon, which may be running
    (folder / "clips" / "inner").mkdir()
    (folder / "clips" / "link.mp4").symlink_to(elsewhere)
    (finding,) = checked(folder)
    assert finding.what == "clips/stray.mp4 and 1 more: it belongs to no recording."
    assert not finding.grave
    assert len(reconciled(database, folder, lying(folder), boot=None)) == 3
    assert elsewhere.exists()
    assert {file.name for file in (folder / "clips").iterdir()} >= {"inner", "link.mp4"}


def test_the_change_of_that_name_says_what_was_done_and_lets_unfinished_files_of_a_daemon_be(
    database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp
) -> None:
    shelved(database, here, folder, wanted(at))
    (folder / "clips" / "stray.mp4").touch()
    (folder / "clips" / ".some.part").touch()
    with_daemon = Work(database, Keys.open(folder), folder, at, boot=str(BOOT))
    said = "clips/stray.mp4: it belonged to no recording, and was removed."
    told = {"changed": True, "repairs": [{"about": "clips/stray.mp4", "what": said}]}
    assert repair(Plainly(), with_daemon).told == told
    assert repair(Plainly(), with_daemon).told == {"changed": False, "repairs": []}
    assert (folder / "clips" / ".some.part").exists()
    assert repair(Plainly(), Work(database, Keys.open(folder), folder, at)).told["changed"] is True
    assert not (folder / "clips" / ".some.part").exists()
