from __future__ import annotations

import dataclasses
import logging
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest

from smartlogd.base.errors import UnusableInput
from smartlogd.base.known import PersonId, SubjectId
from smartlogd.base.time import Stamp
from smartlogd.base.who import Recognition, Template, Who
from smartlogd.schema.instants import instant_of
from smartlogd.store.keys import Keys
from smartlogd.store.learn import MOST_OF_A_STRANGER, checked, learn
from smartlogd.store.templates import load
from smartlogd.store.trouble import StoreTrouble

JPEG = b"\xff\xd8a picture of a face\xff\xd9"
Face = Callable[..., Template]
Seen = Callable[..., SubjectId]
Known = Callable[..., tuple[int, PersonId]]
Learn = Callable[..., None]


def at(at_us: int) -> Stamp:
    return Stamp(at_us * 1000, instant_of(at_us), trusted=True)


@pytest.fixture
def keys(folder: Path) -> Keys:
    return Keys.open(folder)


@pytest.fixture
def learnt(database: sqlite3.Connection, folder: Path, keys: Keys) -> Learn:
    def done(subject: UUID, *, at_us: int = 5, **told: Any) -> None:
        recognition = Recognition(SubjectId(subject), at(at_us), **told)
        database.execute("BEGIN IMMEDIATE")
        learn(database, keys, folder / "faces", checked(recognition))
        database.execute("COMMIT")

    return done


def dump(database: sqlite3.Connection) -> list[str]:
    return list(database.iterdump())


def row(database: sqlite3.Connection, subject: UUID) -> dict[str, object]:
    columns = ("user_id", "merged_into", "has_face", "first_seen", "last_seen")
    found = database.execute(f"SELECT {', '.join(columns)} FROM subjects WHERE uuid = ?", (str(subject),)).fetchone()
    return dict(zip(columns, found, strict=True))


def qualities(database: sqlite3.Connection) -> list[float]:
    return [quality for (quality,) in database.execute("SELECT quality FROM face_templates ORDER BY quality DESC")]


def test_a_face_that_nobody_knows_is_remembered_with_its_picture(
    database: sqlite3.Connection, folder: Path, keys: Keys, learnt: Learn, seen: Seen, face: Face
) -> None:
    stranger, template = seen(at_us=10), face()
    learnt(stranger, at_us=20, templates=(template,), crop=JPEG)
    assert row(database, stranger) == {
        "user_id": None, "merged_into": None, "has_face": 1, "first_seen": 10, "last_seen": 20,
    }  # fmt: skip
    assert (folder / "faces" / f"{stranger}.jpg").read_bytes() == JPEG
    (kept,) = load(folder, keys)
    assert (kept.id, kept.who) == (template.id, Who(stranger, is_known=False))
    assert database.execute("SELECT source, created_at FROM face_templates").fetchone() == ("track", 20)


def test_what_is_learnt_before_the_first_event_makes_the_subject(
    database: sqlite3.Connection, learnt: Learn, face: Face
) -> None:
    stranger = uuid4()
    learnt(stranger, at_us=7, templates=(face(),))
    assert row(database, stranger)["first_seen"] == 7


def test_learning_the_same_again_writes_nothing_twice(
    database: sqlite3.Connection, folder: Path, learnt: Learn, seen: Seen, face: Face
) -> None:
    stranger, into = seen(), seen()
    told = {"templates": tuple(face(seed, quality=seed / 10) for seed in range(8)), "crop": JPEG, "merged_into": into}
    learnt(stranger, **told)
    before = dump(database)
    learnt(stranger, **told)
    assert dump(database) == before
    assert qualities(database) == [0.7, 0.6, 0.5, 0.4, 0.3]


def test_a_known_person_is_named_and_the_past_rows_with_it(
    database: sqlite3.Connection, learnt: Learn, seen: Seen, known: Known, face: Face
) -> None:
    resident, uid = known()
    subject = seen()
    learnt(subject, person=uid, templates=(face(),))
    assert row(database, subject)["user_id"] == resident
    assert database.execute("SELECT user_id FROM smartlog").fetchall() == [(resident,)]
    assert qualities(database) == []  # a gallery does not feed on its own guesses


def test_a_name_given_by_hand_is_not_overruled(
    database: sqlite3.Connection, learnt: Learn, seen: Seen, known: Known
) -> None:
    (by_hand, _), (_, guess) = known("Hand"), known("Guess")
    subject = seen(user_id=by_hand)
    learnt(subject, person=guess)
    assert row(database, subject)["user_id"] == by_hand


def test_a_stranger_seen_before_takes_the_subject_in(
    database: sqlite3.Connection, learnt: Learn, seen: Seen, known: Known
) -> None:
    resident, _ = known()
    named, third = seen(user_id=resident), seen()
    subject = seen()
    learnt(subject, merged_into=named)
    assert row(database, subject)["merged_into"] == str(named)
    assert database.execute("SELECT user_id FROM smartlog WHERE uuid = ?", (str(subject),)).fetchone() == (resident,)
    learnt(subject, merged_into=third)  # one merger stays until a person undoes it
    assert row(database, subject)["merged_into"] == str(named)


def test_a_merger_never_makes_a_circle(database: sqlite3.Connection, learnt: Learn, seen: Seen) -> None:
    one = seen()
    other = seen(into=one)
    for into in (one, other):
        learnt(one, merged_into=into)
    assert row(database, one)["merged_into"] is None


def test_a_stranger_who_is_gone_by_now_takes_nobody_in(
    database: sqlite3.Connection, learnt: Learn, seen: Seen, face: Face
) -> None:
    subject = seen()
    learnt(subject, merged_into=uuid4(), templates=(face(),))
    assert row(database, subject)["merged_into"] is None
    assert qualities(database) == [0.5]


@pytest.mark.parametrize("which", ["subject", "person", "into"])
def test_nothing_is_kept_of_who_was_forgotten_meanwhile(
    database: sqlite3.Connection, folder: Path, learnt: Learn, seen: Seen, face: Face, which: str
) -> None:
    gone, subject = uuid4(), seen()
    database.execute("INSERT INTO tombstones (uid, what, at) VALUES (?, 'stranger', 0)", (str(gone),))
    before = dump(database)
    told = {"subject": {}, "person": {"person": gone}, "into": {"merged_into": gone}}[which]
    learnt(gone if which == "subject" else subject, templates=(face(),), crop=JPEG, **told)
    assert dump(database) == before
    assert not (folder / "faces").exists()


def test_a_person_nobody_knows_any_more_leaves_no_face_behind(
    database: sqlite3.Connection, learnt: Learn, seen: Seen, known: Known, face: Face
) -> None:
    resident, uid = known()
    subject = seen()
    database.execute("UPDATE users SET forgotten_at = 1 WHERE id = ?", (resident,))
    before = dump(database)
    for person in (uid, PersonId(uuid4())):
        learnt(subject, person=person, templates=(face(),), crop=JPEG)
    assert dump(database) == before


def test_of_one_stranger_the_best_faces_are_kept_over_all_mergers(
    database: sqlite3.Connection, learnt: Learn, seen: Seen, face: Face
) -> None:
    one, other, stranger = seen(), seen(), seen()
    learnt(one, templates=tuple(face(seed, quality=0.5) for seed in range(MOST_OF_A_STRANGER)))
    learnt(other, merged_into=one, templates=(face(10, quality=0.9), face(11, quality=0.5), face(12, quality=0.4)))
    assert qualities(database) == [0.9, 0.5, 0.5, 0.5, 0.5]
    learnt(stranger, templates=(face(20, quality=0.1),))
    assert qualities(database) == [0.9, 0.5, 0.5, 0.5, 0.5, 0.1]


def test_a_face_whose_key_is_damaged_is_left_out_and_the_rest_goes_on(
    database: sqlite3.Connection,
    folder: Path,
    learnt: Learn,
    seen: Seen,
    face: Face,
    caplog: pytest.LogCaptureFixture,
) -> None:
    stranger = seen()
    learnt(stranger, templates=(face(1),))
    (folder / "keys" / f"{stranger}.key").write_bytes(b"x" * 76)
    caplog.set_level(logging.INFO, "smartlogd.store")
    learnt(stranger, at_us=99, templates=(face(2),), crop=JPEG)
    assert row(database, stranger)["last_seen"] == 99
    assert qualities(database) == [0.5]
    assert (folder / "faces" / f"{stranger}.jpg").exists()
    assert [record.message for record in caplog.records] == ["face left out"]


def test_a_key_that_finds_no_room_holds_the_transaction_back_to_be_tried_again(
    database: sqlite3.Connection, seen: Seen, face: Face, small_disk: Any, fill: Any
) -> None:
    disk = small_disk("size=64k")
    (disk / "keys").mkdir()
    fill(disk)
    told = Recognition(seen(), at(5), templates=(face(),))
    with pytest.raises(StoreTrouble) as caught:
        learn(database, Keys.open(disk), disk / "faces", told)
    assert caught.value.word == "disk full"


def test_a_keys_folder_that_cannot_be_used_costs_the_face_only(
    database: sqlite3.Connection, folder: Path, learnt: Learn, seen: Seen, face: Face
) -> None:
    (folder / "keys").touch()  # a file in the folder's place: no key can be made
    stranger = seen()
    learnt(stranger, at_us=99, templates=(face(),))
    assert row(database, stranger)["last_seen"] == 99
    assert qualities(database) == []


def test_nothing_of_a_face_is_logged(
    database: sqlite3.Connection, learnt: Learn, seen: Seen, face: Face, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    learnt(seen(), templates=(face(),), crop=JPEG)
    assert caplog.records == []


@pytest.mark.parametrize(
    "wrong",
    [{"vector": np.zeros(128, np.float32)}, {"vector": np.ones(3, np.float32)}, {"quality": 1.5}],
    ids=["no face", "short", "quality"],
)
def test_what_could_never_be_kept_is_refused_at_once(face: Face, wrong: dict[str, Any]) -> None:
    template = dataclasses.replace(face(), **wrong)
    with pytest.raises(UnusableInput):
        checked(Recognition(SubjectId(uuid4()), at(5), templates=(template,)))


def test_an_instant_without_a_zone_is_refused_at_once() -> None:
    naive = dataclasses.replace(at(5), utc=at(5).utc.replace(tzinfo=None))
    with pytest.raises(UnusableInput, match="no time zone"):
        checked(Recognition(SubjectId(uuid4()), naive))


def test_files_are_private_also_under_a_loose_umask(folder: Path, learnt: Learn, seen: Seen, face: Face) -> None:
    before = os.umask(0)
    try:
        learnt(seen(), templates=(face(),), crop=JPEG)
    finally:
        os.umask(before)
    made = [path for name in ("keys", "faces") for path in (folder / name).iterdir()]
    assert len(made) == 3
    assert {path.stat().st_mode & 0o777 for path in made} == {0o600}
