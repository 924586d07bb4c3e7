"""Naming, ignoring and merging strangers, and taking each back, on a real database."""

from __future__ import annotations

from typing import Any

import pytest

from smartlogd.base.errors import Missing, UnusableInput

Village = Any


def test_a_name_that_nobody_has_makes_a_new_person_and_names_the_past(village: Village) -> None:
    uuid = village.stranger()
    told = village.change("assign", uuid=uuid, name="Anna")
    assert (told["uuid"], told["name"], told["is_new"], told["changed"]) == (uuid, "Anna", True, True)
    assert village.people_of_passings() == ["Anna", "Anna"]
    ((uuids,),) = village.ask("SELECT count(DISTINCT uuid) FROM smartlog WHERE uuid = ?", uuid)
    assert uuids == 1, "the rows keep their uuid"


def test_a_name_that_someone_has_is_that_person(village: Village) -> None:
    uid = village.enrolled("Anna")
    assert village.change("assign", uuid=village.stranger(1), name="anna")["uid"] == uid
    assert village.change("assign", uuid=village.stranger(2), name=uid)["uid"] == uid
    assert village.ask("SELECT count(*) FROM users WHERE name LIKE 'anna'") == [(1,)]


def test_consent_that_came_with_the_name_is_kept_with_its_date(village: Village) -> None:
    village.change("assign", uuid=village.stranger(1), name="Anna")
    assert village.ask("SELECT consent_at FROM users WHERE name = 'Anna'") == [(None,)]
    village.change("assign", uuid=village.stranger(2), name="Anna", consent=True)
    ((at,),) = village.ask("SELECT consent_at FROM users WHERE name = 'Anna'")
    village.change("assign", uuid=village.stranger(3), name="Anna", consent=True)
    assert village.ask("SELECT consent_at FROM users WHERE name = 'Anna'") == [(at,)]


def test_several_of_one_name_are_told_apart_by_their_uids(village: Village) -> None:
    one, other = village.enrolled("Anna"), village.enrolled("Anna", new=True)
    assert one != other
    uuid = village.stranger()
    with pytest.raises(UnusableInput, match="2 people are called Anna") as caught:
        village.change("assign", uuid=uuid, name="Anna")
    assert one in caught.value.hint
    assert other in caught.value.hint
    assert village.change("assign", uuid=uuid, name=other)["uid"] == other


def test_who_is_someone_already_is_not_made_someone_else(village: Village) -> None:
    uuid = village.stranger()
    village.change("assign", uuid=uuid, name="Anna")
    before = village.dump()
    with pytest.raises(UnusableInput, match="is Anna already, and not Bert"):
        village.change("assign", uuid=uuid, name="Bert")
    assert village.change("assign", uuid=uuid, name="Anna")["changed"] is False
    assert village.dump() == before
    assert village.ask("SELECT 1 FROM users WHERE name = 'Bert'") == []


def test_the_whole_stranger_is_named_by_any_of_its_subjects(village: Village) -> None:
    root = village.stranger(1)
    leaf = village.stranger(2, into=root)
    assert village.change("assign", uuid=leaf, name="Anna")["uuid"] == root
    assert set(village.people_of_passings()) == {"Anna"}
    assert village.change("unassign", uuid=leaf)["uuid"] == root
    assert set(village.people_of_passings()) == {None}


@pytest.mark.parametrize(("what", "undo"), [("assign", "unassign"), ("ignore", "unignore"), ("merge", "unmerge")])
def test_what_was_done_is_undone_to_the_letter(village: Village, what: str, undo: str) -> None:
    one, other = village.stranger(1), village.stranger(2)
    leaf = village.stranger(3, into=other)
    village.enrolled("Anna")
    before = village.dump()
    more = {"assign": {"name": "Anna"}, "merge": {"other": leaf}}.get(what, {})
    told = village.change(what, uuid=one, **more)
    assert told["changed"] is True
    after = village.dump()
    assert after != before
    *_, verb, uuid = str(told["undo"]).split()
    assert verb == undo
    back = village.change(undo, uuid=uuid)
    assert back["changed"] is True
    assert village.dump() == before
    assert village.change(undo, uuid=uuid)["changed"] is False

    words = str(back["undo"]).split()[2:]
    again = dict(zip(("uuid", {"assign": "name", "merge": "other"}.get(what, "")), words[1:], strict=False))
    village.change(words[0], **again)
    assert village.dump() == after, "and the undoing is undone"


def test_each_change_is_of_one_row_of_subjects(village: Village) -> None:
    one, other = village.stranger(1), village.stranger(2)
    village.stranger(3, into=other)
    for what, arguments in (
        ("ignore", {"uuid": one}),
        ("merge", {"uuid": one, "other": other}),
        ("assign", {"uuid": other, "name": "Anna"}),
        ("unassign", {"uuid": one}),
        ("unmerge", {"uuid": other}),
        ("unignore", {"uuid": one}),
    ):
        before = {row[0]: row for row in village.ask("SELECT * FROM subjects")}
        village.change(what, **arguments)
        after = village.ask("SELECT * FROM subjects")
        assert sum(before[row[0]] != row for row in after) == 1, what


def test_of_two_that_are_merged_the_one_with_the_name_stays(village: Village) -> None:
    named, other = village.stranger(1), village.stranger(2)
    village.change("assign", uuid=named, name="Anna")
    told = village.change("merge", uuid=other, other=named)
    assert (told["uuid"], told["merged"]) == (named, other)
    assert set(village.people_of_passings()) == {"Anna"}


def test_two_people_are_not_merged_as_strangers(village: Village) -> None:
    one, other = village.stranger(1), village.stranger(2)
    village.change("assign", uuid=one, name="Anna")
    village.change("assign", uuid=other, name="Bert")
    before = village.dump()
    with pytest.raises(UnusableInput, match=r"Anna, and .* is Bert"):
        village.change("merge", uuid=one, other=other)
    assert village.dump() == before


def test_two_of_one_name_may_be_merged(village: Village) -> None:
    one, other = village.stranger(1), village.stranger(2)
    for uuid in (one, other):
        village.change("assign", uuid=uuid, name="Anna")
    assert village.change("merge", uuid=one, other=other)["changed"] is True
    assert set(village.people_of_passings()) == {"Anna"}


def test_a_part_that_loses_its_own_name_may_bear_that_of_the_whole(village: Village) -> None:
    one, other = village.stranger(1), village.stranger(2)
    for uuid in (one, other):
        village.change("assign", uuid=uuid, name="Anna")
    village.change("merge", uuid=one, other=other)
    before = village.dump()
    told = village.change("unassign", uuid=other)
    assert (told["uuid"], told["still"]) == (other, one)
    assert set(village.people_of_passings()) == {"Anna"}
    assert str(told["undo"]).endswith("--as-given")
    village.change("assign", uuid=other, name="Anna", as_given=True)
    assert village.dump() == before
    village.change("unassign", uuid=other)
    assert village.change("unassign", uuid=other)["uuid"] == one
    assert set(village.people_of_passings()) == {None}


def test_a_whole_of_which_a_part_is_someone_is_not_made_someone_else(village: Village) -> None:
    one, other = village.stranger(1), village.stranger(2)
    village.change("assign", uuid=other, name="Bert")
    village.change("merge", uuid=one, other=other, as_given=True)
    with pytest.raises(UnusableInput, match="is Bert already, and not Anna"):
        village.change("assign", uuid=one, name="Anna")
    third = village.stranger(3)
    village.change("assign", uuid=third, name="Carla")
    with pytest.raises(UnusableInput, match=r"Bert, and .* is Carla"):
        village.change("merge", uuid=one, other=third)
    assert village.change("assign", uuid=one, name="Bert")["uuid"] == one


def test_merging_never_makes_a_ring(village: Village) -> None:
    one, two, three = (village.stranger(n) for n in (1, 2, 3))
    village.change("merge", uuid=one, other=two)
    village.change("merge", uuid=two, other=three)
    before = village.dump()
    for uuid, other in ((three, one), (two, one), (one, one), (one, three)):
        assert village.change("merge", uuid=uuid, other=other)["changed"] is False
    assert village.dump() == before


def test_a_purge_destroys_the_faces_of_those_long_not_seen_and_keeps_their_rows(village: Village) -> None:
    old, new = village.stranger(0), village.stranger(60 * 24 * 400)
    named = village.stranger(1)
    village.change("assign", uuid=named, name="Anna")
    rows = village.ask("SELECT * FROM smartlog ORDER BY id")
    picture = (village.folder / f"faces/{old}.jpg").read_bytes()
    told = village.change("purge", older_than_s=1)
    assert {key: told[key] for key in ("strangers", "templates", "crops", "keys", "changed")} == {
        "strangers": 1, "templates": 1, "crops": 1, "keys": 1, "changed": True,
    }  # fmt: skip
    assert village.ask("SELECT * FROM smartlog ORDER BY id") == rows
    assert {subject for (subject,) in village.ask("SELECT subject FROM face_templates")} == {new, named}
    assert not (village.folder / f"keys/{old}.key").exists()
    assert picture not in village.bytes()
    assert village.change("purge", older_than_s=1)["changed"] is False


@pytest.mark.parametrize("what", ["assign", "unassign", "ignore", "unignore", "merge", "unmerge"])
def test_a_stranger_who_is_not_there_is_not_found(village: Village, what: str) -> None:
    more = {"assign": {"name": "Anna"}, "merge": {"other": "cafe"}}.get(what, {})
    before = village.dump()
    with pytest.raises(Missing, match="no stranger cafe"):
        village.change(what, uuid="cafe", **more)
    assert village.dump() == before
    assert village.ask("SELECT 1 FROM users WHERE name = 'Anna'") == []


def test_nobody_is_made_of_a_uid_that_nobody_has(village: Village) -> None:
    with pytest.raises(Missing, match="Nobody has the uid"):
        village.change("assign", uuid=village.stranger(), name="0198f3a2-0000-7000-8000-000000000000")
