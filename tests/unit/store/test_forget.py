"""Forgetting, proven by searching every byte of the state folder."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.store.places import unlinked

Village = Any

NAME, ADDRESS = "Anna Perenna", "anna.perenna@example.org"
ZEROS = {"templates": 0, "crops": 0, "keys": 0, "passings": 0, "events": 0, "subjects": 0, "recordings": 0}


@pytest.fixture
def anna(village: Village) -> str:
    """Someone who was enrolled, recognised, and two strangers besides; others came and went as well."""
    uid = village.enrolled(NAME, 3, email=ADDRESS)
    for n in range(40):
        village.stranger(n, faces=2)
    for n in range(3):
        village.recognised(uid, 50 + n, passings=2)
    one = village.stranger(60, faces=2)
    village.stranger(61, into=one)
    village.change("assign", uuid=one, name=NAME)
    return uid


def traces(village: Village, uid: str) -> dict[str, bytes]:
    """What there is of a person, by what it is."""
    own = "SELECT uuid FROM subjects WHERE user_id = u.id"
    theirs = f"(SELECT uuid FROM subjects WHERE user_id = u.id OR merged_into IN ({own}))"
    subjects = [
        uuid for (uuid,) in village.ask(f"SELECT uuid FROM subjects, users u WHERE uid = ? AND uuid IN {theirs}", uid)
    ]
    found = {"name": NAME.encode(), "address": ADDRESS.encode()}
    for owner in [*subjects, uid]:
        key, crop = village.folder / f"keys/{owner}.key", village.folder / f"faces/{owner}.jpg"
        found |= {path.name: path.read_bytes()[16:] for path in (key, crop) if path.exists()}
        for id_, vector in village.ask("SELECT id, vector FROM face_templates WHERE subject = ?1 OR user = ?1", owner):
            found |= {f"vector {id_}": vector, f"template {id_}": id_.encode()}
    return found | {f"subject {uuid}": uuid.encode() for uuid in subjects}


def test_forgetting_leaves_no_byte_of_the_person_in_any_file(village: Village, anna: str) -> None:
    known = traces(village, anna)
    assert [what.split()[0] for what in known].count("vector") == 3 + 2 + 1
    before = village.bytes()
    assert all(trace in before for trace in known.values())
    village.change("forget", name=NAME)
    after = village.bytes()
    left = {what for what, trace in known.items() if trace in after}
    assert {what.split()[0] for what in left} == {"subject"}
    strangers = {f"subject {uid}" for (uid,) in village.ask("SELECT uid FROM tombstones WHERE what = 'stranger'")}
    assert strangers == left, "the subjects have a tombstone, and else nothing"
    for table, column in (("subjects", "uuid"), ("smartlog", "uuid"), ("events", "subject_uuid")):
        assert village.ask(f"SELECT 1 FROM {table} WHERE {column} IN (SELECT uid FROM tombstones)") == []
    assert anna.encode() in after, "but the tombstone"


def test_the_receipt_counts_what_was_erased_and_names_nobody(village: Village, anna: str) -> None:
    receipt = dict(village.change("forget", name=NAME))
    assert NAME not in json.dumps(receipt)
    at = receipt.pop("forgotten_at")
    assert receipt == {
        "uid": anna, "templates": 6, "crops": 2, "keys": 3, "passings": 3 * 2 + 2 * 2, "events": 10, "subjects": 5,
        "recordings": 0,
    }  # fmt: skip
    again = dict(village.change("forget", name=anna))
    assert again == {"uid": anna, "forgotten_at": at, **ZEROS}


def test_passings_stay_and_cannot_be_linked_to_the_person_or_to_each_other(village: Village, anna: str) -> None:
    columns = "id, action, timestamp, line, device_id, confidence, event_id"
    before = village.ask(f"SELECT {columns} FROM smartlog ORDER BY id")
    theirs = [id_ for (id_,) in village.ask("SELECT id FROM smartlog WHERE user_id IS NOT NULL")]
    village.change("forget", name=anna)
    assert village.ask(f"SELECT {columns} FROM smartlog ORDER BY id") == before
    lost = village.ask(
        f"SELECT user_id, track_id, uuid, event_id FROM smartlog WHERE id IN ({','.join(map(str, theirs))})"
    )
    assert len(lost) == 10
    assert all((user, track) == (None, None) and uuid == event for user, track, uuid, event in lost)
    assert len({uuid for *_, uuid, _ in lost}) == 10
    for subject, person, data in village.ask(
        "SELECT subject_uuid, subject_user_id, data FROM events WHERE event_id IN (SELECT uuid FROM smartlog)"
    ):
        assert (subject, person) == (None, None)
        assert json.loads(data) == {"line": "door", "action": "I", "confidence": 0.9}


def test_everyone_else_is_left_as_they_were(village: Village, anna: str) -> None:
    other = village.enrolled("Bert")
    village.recognised(other, 70)
    rest = (
        "SELECT * FROM smartlog WHERE user_id IS NOT (SELECT id FROM users WHERE uid = ?) ORDER BY id",
        "SELECT * FROM users WHERE uid <> ? ORDER BY id",
    )
    kept = [village.ask(question, anna) for question in rest]
    faces = village.ask("SELECT * FROM face_templates WHERE user = ?", other)
    village.change("forget", name=anna)
    changed = {uuid for (uuid,) in village.ask("SELECT event_id FROM smartlog WHERE uuid = event_id")}
    assert [row for row in village.ask("SELECT * FROM smartlog ORDER BY id") if row[2] not in changed] == kept[0]
    assert village.ask(rest[1], anna) == kept[1]
    assert village.ask("SELECT * FROM face_templates WHERE user = ?", other) == faces
    assert len(village.ask("SELECT 1 FROM subjects WHERE has_face AND user_id IS NULL")) == 40
    assert village.keys.of(UUID(other)), "and their faces can still be opened"


def test_the_row_of_the_person_stays_as_a_tombstone(village: Village, anna: str) -> None:
    receipt = village.change("forget", name=NAME)
    ((name, email, role, consent, forgotten),) = village.ask(
        "SELECT name, email, role, consent_at, forgotten_at FROM users WHERE uid = ?", anna
    )
    assert (name, email, role, consent) == (None, None, "guest", None)
    assert village.ask("SELECT uid, at FROM tombstones WHERE what = 'person'") == [(anna, forgotten)]
    assert len(village.ask("SELECT 1 FROM tombstones WHERE what = 'stranger' AND at = ?", forgotten)) == 5
    assert receipt["forgotten_at"]


def test_a_second_time_by_name_finds_nobody_and_changes_nothing(village: Village, anna: str) -> None:
    village.change("forget", name=NAME)
    before = village.dump(), village.ask("SELECT * FROM users")
    with pytest.raises(Missing, match="nothing was changed"):
        village.change("forget", name=NAME)
    village.change("forget", name=anna)
    assert (village.dump(), village.ask("SELECT * FROM users")) == before


def test_a_forgotten_person_is_nobody_to_assign_to_or_to_enrol(village: Village, anna: str) -> None:
    village.change("forget", name=anna)
    with pytest.raises(Missing, match="was forgotten"):
        village.change("assign", uuid=village.stranger(90), name=anna)
    with pytest.raises(Missing, match="was forgotten"):
        village.change("enrol", name=anna)
    assert village.enrolled(NAME) != anna, "but someone of the same name may come to be known"


def test_whoever_has_another_name_is_not_forgotten_with_the_one_they_were_merged_into(village: Village) -> None:
    anna = village.stranger(1)
    bert = village.stranger(2, into=anna)
    village.change("assign", uuid=anna, name="Anna")
    with closing(sqlite3.connect(village.path)) as connection, connection:
        connection.execute(
            "INSERT INTO users (uid, name, role, created_at, updated_at) VALUES ('u', 'Bert', 'member', 0, 0)"
        )
        connection.execute("UPDATE subjects SET user_id = last_insert_rowid() WHERE uuid = ?", (bert,))
    assert village.change("forget", name="Anna")["subjects"] == 1
    assert village.ask("SELECT uuid, merged_into FROM subjects") == [(bert, None)]


def test_the_owner_of_the_device_is_forgotten_and_the_device_goes_on(village: Village) -> None:
    ((id_, uid),) = village.ask("SELECT id, uid FROM users WHERE role = 'owner'")
    village.change("rename", name=uid, to=NAME)
    village.stranger(1)
    village.change("forget", name=NAME)
    assert village.ask("SELECT user_id FROM devices") == [(id_,)]
    assert village.ask("SELECT DISTINCT user_id FROM events") == [(id_,)]
    ((heir, name, role),) = village.ask("SELECT uid, name, role FROM users WHERE id = ?", id_)
    assert (name, role) == ("local owner", "owner")
    assert heir != uid
    assert village.ask("SELECT name, forgotten_at IS NULL FROM users WHERE uid = ?", uid) == [(None, 0)]
    assert NAME.encode() not in village.bytes()


def test_rows_written_by_hand_lose_the_person_and_their_pictures(village: Village, anna: str) -> None:
    (village.folder / "pictures").mkdir()
    inside, outside = village.folder / "pictures/1.jpg", village.folder.parent / "precious.txt"
    inside.write_bytes(b"a face at the door")
    outside.write_text("not ours")
    ((id_,),) = village.ask("SELECT id FROM users WHERE uid = ?", anna)
    with closing(sqlite3.connect(village.path)) as connection, connection:
        connection.executemany(
            "INSERT INTO smartlog (user_id, action, timestamp, image_path, embedding) VALUES (?, 'O', ?, ?, ?)",
            [(id_, n, "pictures/1.jpg", "../precious.txt") for n in (1, 2)],
        )
    receipt = village.change("forget", name=NAME)
    assert (receipt["passings"], receipt["crops"]) == (12, 3)
    assert not inside.exists()
    assert outside.exists()
    rows = village.ask("SELECT user_id, uuid, image_path, embedding FROM smartlog WHERE action = 'O'")
    assert [(user, *paths) for user, _, *paths in rows] == [(None, None, None)] * 2
    assert len({str(UUID(uuid)) for _, uuid, *_ in rows}) == 2


def test_cut_short_before_the_commit_it_is_finished_by_doing_it_again(village: Village, anna: str) -> None:
    with closing(sqlite3.connect(village.path)) as connection:
        connection.execute("CREATE TRIGGER crash BEFORE INSERT ON tombstones BEGIN SELECT raise(ABORT, 'cut'); END")
    with pytest.raises(sqlite3.IntegrityError, match="cut"):
        village.change("forget", name=NAME)
    assert village.people_of_passings().count(NAME) == 10, "nothing was committed"
    assert not (village.folder / f"keys/{anna}.key").exists(), "but nothing can be opened any more"
    with closing(sqlite3.connect(village.path)) as connection:
        connection.execute("DROP TRIGGER crash")
    assert village.change("forget", name=NAME)["passings"] == 10
    assert NAME.encode() not in village.bytes()


def test_of_several_of_one_name_none_is_forgotten_by_it(village: Village) -> None:
    village.enrolled("Anna")
    village.enrolled("Anna", new=True)
    with pytest.raises(UnusableInput, match="2 people"):
        village.change("forget", name="Anna")
    assert village.ask("SELECT count(*) FROM users WHERE name = 'Anna'") == [(2,)]


def test_only_files_of_the_folder_are_removed(tmp_path: Path) -> None:
    home, elsewhere = tmp_path / "state", tmp_path / "elsewhere.txt"
    (home / "sub").mkdir(parents=True)
    elsewhere.write_text("mine")
    (home / "link.jpg").symlink_to(elsewhere)
    (home / "sub" / "a.jpg").write_text("a")
    paths = ["sub/a.jpg", "sub/a.jpg", "../elsewhere.txt", str(elsewhere), "link.jpg", "sub", "none.jpg", "."]
    assert unlinked(home, paths) == 1
    assert elsewhere.exists()
