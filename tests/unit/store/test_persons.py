"""Enrolling, renaming and merging people, on a real database."""

from __future__ import annotations

import base64
import sqlite3
from contextlib import closing
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.store import persons
from smartlogd.store.keys import Unsealable
from smartlogd.store.templates import load

Village = Any


def face(vector: Any, quality: float = 0.9) -> dict[str, object]:
    return {"vector": base64.b64encode(vector.astype("<f4").tobytes()).decode(), "quality": quality}


def test_who_is_enrolled_is_known_by_the_faces_given(village: Village) -> None:
    vectors = [village.vector() for _ in range(3)]
    told = village.change(
        "enrol", name="Anna", consent=True, model="m", email="anna@example.org", role="admin",
        templates=[face(vector) for vector in vectors],
    )  # fmt: skip
    assert (told["name"], told["is_new"], told["taken"], told["templates"]) == ("Anna", True, 3, 3)
    kept = load(village.folder, village.keys)
    assert {template.who.id for template in kept} == {UUID(told["uid"])}
    assert all(template.who.is_known and template.model == "m" for template in kept)
    found = sorted(map(tuple, (template.vector for template in kept)))
    assert np.allclose(found, sorted(map(tuple, vectors)), atol=0)
    assert village.ask("SELECT email, role, consent_at > 0 FROM users WHERE name = 'Anna'") == [
        ("anna@example.org", "admin", 1)
    ]


def test_more_faces_are_added_to_who_is_known_already(village: Village) -> None:
    uid = village.enrolled("Anna", 2)
    again = village.change("enrol", name="ANNA", model="m", templates=[face(village.vector())])
    assert (again["uid"], again["name"], again["is_new"], again["templates"]) == (uid, "Anna", False, 3)
    assert village.change("enrol", name=uid, model="m", templates=[face(village.vector())])["templates"] == 4


def test_another_of_the_same_name_is_made_when_it_is_asked_for(village: Village) -> None:
    uid = village.enrolled("Anna")
    other = village.change("enrol", name="Anna", new=True)
    assert other["is_new"] is True
    assert other["uid"] != uid


def test_without_consent_none_is_noted(village: Village) -> None:
    village.change("enrol", name="Anna", model="m", templates=[face(village.vector())])
    assert village.ask("SELECT consent_at FROM users WHERE name = 'Anna'") == [(None,)]
    village.change("enrol", name="Anna", consent=True)
    assert village.ask("SELECT consent_at > 0 FROM users WHERE name = 'Anna'") == [(1,)]


def test_an_address_belongs_to_one_person(village: Village) -> None:
    village.enrolled("Anna", email="a@example.org")
    with pytest.raises(UnusableInput, match="has the address"):
        village.enrolled("Bert", email="A@example.org")
    assert village.ask("SELECT 1 FROM users WHERE name = 'Bert'") == []
    assert village.enrolled("Anna", email="a@example.org")


def test_faces_of_no_network_or_that_are_no_faces_are_refused(village: Village) -> None:
    with pytest.raises(UnusableInput, match="network"):
        village.change("enrol", name="Anna", consent=True, templates=[face(village.vector())])
    for wrong in (np.full(128, np.nan), np.full(128, np.inf), np.zeros(128), np.full(128, 100.0)):
        with pytest.raises(UnusableInput, match="128 finite numbers"):
            village.change("enrol", name="Anna", consent=True, model="m", templates=[face(wrong)])
    assert village.ask("SELECT 1 FROM users WHERE name = 'Anna'") == []


def test_nobody_has_faces_without_end(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(persons, "MOST_FACES", 3)
    village.enrolled("Anna", 2)
    with pytest.raises(UnusableInput, match="has 2 faces"):
        village.enrolled("Anna", 2)


def test_a_uid_that_nobody_has_is_not_enrolled(village: Village) -> None:
    with pytest.raises(Missing, match="Nobody has the uid"):
        village.change("enrol", name="0198f3a2-0000-7000-8000-000000000000", consent=True)


def test_a_new_name_holds_for_the_past_too_and_can_be_taken_back(village: Village) -> None:
    uid = village.enrolled("Ana")
    village.recognised(uid)
    told = village.change("rename", name="Ana", to="Anna")
    assert (told["uid"], told["name"], told["was"], told["changed"]) == (uid, "Anna", "Ana", True)
    assert village.people_of_passings() == ["Anna"]
    assert village.change("rename", name="Anna", to="Anna")["changed"] is False
    assert told["undo"] == f"smartlogd people rename {uid} Ana"
    with pytest.raises(Missing, match="Nobody is called Ana"):
        village.change("rename", name="Ana", to="Anna")


def test_the_way_back_is_safe_to_be_typed_whatever_the_name(village: Village) -> None:
    uid = village.enrolled("Rosie O'Grady; rm -rf")
    undo = village.change("rename", name=uid, to="Rosie")["undo"]
    assert undo == f"""smartlogd people rename {uid} 'Rosie O'"'"'Grady; rm -rf'"""


def test_two_who_are_one_person_become_one_with_all_that_was_theirs(village: Village) -> None:
    anna, other = village.enrolled("Anna", 2), village.enrolled("Anna K.", 3, email="k@example.org")
    village.recognised(anna, 1)
    village.recognised(other, 2)
    named = village.stranger(3)
    village.change("assign", uuid=named, name=other)
    before = {template.id: template.vector.tobytes() for template in load(village.folder, village.keys)}
    told = village.change("people-merge", name="Anna", other="Anna K.")
    assert (told["uid"], told["merged"], told["templates"]) == (anna, other, 5)
    assert set(village.people_of_passings()) == {"Anna"}
    kept = load(village.folder, village.keys)
    assert {template.who.id for template in kept} == {UUID(anna)}
    assert {template.id: template.vector.tobytes() for template in kept} == before
    assert not (village.folder / f"keys/{other}.key").exists(), "sealed anew under the first one's key"
    assert village.ask("SELECT name, email FROM users WHERE uid = ?", anna) == [("Anna", "k@example.org")]
    assert village.ask("SELECT name, email, forgotten_at > 0 FROM users WHERE uid = ?", other) == [(None, None, 1)]
    assert village.ask("SELECT uid FROM tombstones") == [(other,)]
    assert village.ask("SELECT count(DISTINCT subject_user_id) FROM events WHERE subject_user_id > 0") == [(1,)]
    assert b"Anna K." not in village.bytes()


def test_a_face_that_cannot_be_opened_does_not_stop_a_merger(village: Village) -> None:
    village.enrolled("Anna", 2)
    village.enrolled("Bert", 2)
    ((id_,), *_) = village.ask("SELECT id FROM face_templates ORDER BY rowid DESC")
    with closing(sqlite3.connect(village.path)) as connection, connection:
        connection.execute("UPDATE face_templates SET vector = x'00' WHERE id = ?", (id_,))
    assert village.change("people-merge", name="Anna", other="Bert")["templates"] == 3
    assert len(load(village.folder, village.keys)) == 3


def test_faces_whose_key_was_lost_do_not_stop_a_merger_either(village: Village) -> None:
    village.enrolled("Anna", 2)
    bert = village.enrolled("Bert", 2)
    (village.folder / f"keys/{bert}.key").unlink()
    assert village.change("people-merge", name="Anna", other="Bert")["templates"] == 2


def test_faces_that_could_be_opened_elsewhere_are_not_thrown_away(village: Village) -> None:
    village.enrolled("Anna", 2)
    village.enrolled("Bert", 2)
    before = village.ask("SELECT * FROM face_templates")
    (village.folder / "keys/wrapping.key").write_bytes(bytes(32))
    with pytest.raises(Unsealable, match="wrapped by another wrapping key"):
        village.change("people-merge", name="Anna", other="Bert")
    assert village.ask("SELECT * FROM face_templates") == before
    assert village.ask("SELECT 1 FROM tombstones") == []


def test_the_owner_of_the_device_is_not_merged_away(village: Village) -> None:
    ((uid,),) = village.ask("SELECT uid FROM users WHERE role = 'owner'")
    anna = village.enrolled("Anna")
    with pytest.raises(UnusableInput, match="owns this device") as caught:
        village.change("people-merge", name="Anna", other=uid)
    assert caught.value.hint.endswith(f"smartlogd people merge {uid} {anna}")
    village.change("people-merge", name=uid, other=anna)
    assert village.ask("SELECT forgotten_at FROM users WHERE uid = ?", uid) == [(None,)]


def test_one_is_not_merged_with_oneself(village: Village) -> None:
    village.enrolled("Anna")
    assert village.change("people-merge", name="Anna", other="anna")["changed"] is False
    assert village.ask("SELECT 1 FROM tombstones") == []
