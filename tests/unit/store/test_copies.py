"""A copy made for sharing is a recording of its own that goes where its original goes."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from reels import files, shelved, wanted, written

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.base.known import Medium, Recording
from smartlogd.base.time import Stamp
from smartlogd.store.birth import arrive
from smartlogd.store.check import checked
from smartlogd.store.copies import copy, dropped, placed
from smartlogd.store.discard import delete
from smartlogd.store.keys import Keys
from smartlogd.store.outcome import Work
from smartlogd.store.recordings import copies, recording
from smartlogd.store.requests import Copy, OfRecording, Placed
from smartlogd.store.rows import Origin


@pytest.fixture
def here(database: sqlite3.Connection, at: Stamp) -> Origin:
    return arrive(database, device="door", version="0", boot=UUID(int=1), start=at)


@pytest.fixture
def clip(database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp) -> Recording:
    clip = wanted(at, labels=("unknown",), cause=UUID(int=4))
    shelved(database, here, folder, clip)
    return clip


@pytest.fixture
def work(database: sqlite3.Connection, folder: Path, at: Stamp) -> Work:
    return Work(database, Keys.open(folder), folder, at.shifted(3600), boot=str(UUID(int=1)))


@pytest.fixture
def planned(clip: Recording, work: Work) -> Mapping[str, Any]:
    return copy(Copy(recording=str(clip.id), suffix=".mp4"), work).told


def test_it_is_planned_as_a_recording_that_names_its_original(
    database: sqlite3.Connection, folder: Path, clip: Recording, planned: Mapping[str, Any], at: Stamp
) -> None:
    assert planned["path"] == f"clips/{planned['recording']}.mp4"
    assert planned["from"] == f"clips/{clip.id}.mp4"
    made = recording(folder, planned["recording"])
    assert (made.phase, made.at, made.duration_s, made.labels) == ("planned", at.utc, 10.0, ("unknown", "blurred"))
    assert (made.original, made.cause) == (str(clip.id), str(UUID(int=4)))
    data = database.execute("SELECT data FROM events WHERE event_id = ?", (planned["recording"],)).fetchone()[0]
    assert json.loads(data)["of"] == str(clip.id)


def test_it_is_kept_once_its_file_is_there(
    database: sqlite3.Connection, folder: Path, clip: Recording, planned: Mapping[str, Any], work: Work
) -> None:
    asked = {"recording": planned["recording"], "bytes": 500}
    with pytest.raises(UnusableInput, match="is not there"):
        placed(Placed(**asked, sha256="0" * 64), work)
    size, digest, still = written(folder, planned["path"], size=500)
    assert placed(Placed(recording=planned["recording"], bytes=size, sha256=digest), work).told["changed"] is True
    made = recording(folder, planned["recording"])
    assert (made.phase, made.bytes, made.preview) == ("kept", 500, still)
    assert made.sha256 == hashlib.sha256((folder / planned["path"]).read_bytes()).hexdigest()
    assert [one.id for one in copies(database, str(clip.id))] == [planned["recording"]]
    assert checked(folder) == ()


def test_it_may_come_to_nothing(folder: Path, clip: Recording, planned: Mapping[str, Any], work: Work) -> None:
    (folder / planned["path"]).write_bytes(b"half")
    asked = OfRecording(recording=planned["recording"])
    assert dropped(asked, work).told["changed"] is True
    assert dropped(asked, work).told["changed"] is False
    assert files(folder) == {f"clips/{clip.id}.mp4", f"clips/{clip.id}.png"}


def test_it_goes_with_its_original(folder: Path, clip: Recording, planned: Mapping[str, Any], work: Work) -> None:
    size, digest, _ = written(folder, planned["path"])
    placed(Placed(recording=planned["recording"], bytes=size, sha256=digest), work)
    told = delete(OfRecording(recording=str(clip.id)), work).told
    assert told["copies"] == 1
    assert files(folder) == set()


def test_one_whose_original_went_meanwhile_is_not_kept(
    folder: Path, clip: Recording, planned: Mapping[str, Any], work: Work
) -> None:
    delete(OfRecording(recording=str(clip.id)), work)
    size, digest, _ = written(folder, planned["path"])
    with pytest.raises(UnusableInput, match="planned any more"):
        placed(Placed(recording=planned["recording"], bytes=size, sha256=digest), work)
    assert files(folder) == set()


def test_only_a_clip_that_is_here_is_copied(
    database: sqlite3.Connection, folder: Path, here: Origin, clip: Recording, work: Work, at: Stamp
) -> None:
    shot = wanted(at, medium=Medium.SNAPSHOT)
    shelved(database, here, folder, shot)
    with pytest.raises(UnusableInput, match="Only a clip"):
        copy(Copy(recording=str(shot.id), suffix=".mp4"), work)
    database.execute("UPDATE clips SET phase = 'uploaded', path = NULL")
    with pytest.raises(Missing, match="not on this device"):
        copy(Copy(recording=str(clip.id), suffix=".mp4"), work)
