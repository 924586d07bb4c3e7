"""People, strangers and faces at the centre: merging what several devices say, naming, and forgetting."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from centre import Centre
from items import ago, crossing, event, subject, template, tombstone, user


def named(centre: Centre) -> dict[str, str | None]:
    """Who each passing is of, by the uuid in it."""
    rows = "SELECT l.uuid, u.name FROM smartlog l LEFT JOIN users u ON u.id = l.user_id"
    late = " UNION ALL SELECT l.subject_uuid::text, u.name FROM late_rows l LEFT JOIN users u ON u.id = l.person_id"
    return dict(centre.execute(rows + late))


def of(rows: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [row for row in rows if row["kind"] == kind]


def test_naming_a_stranger_names_its_past_and_its_future(centre: Centre, speaking: Callable) -> None:
    door, who = speaking(), user(name="Ada")
    past, late = crossing(), crossing(ts=ago(days=70))
    late["subject"] = past["subject"]
    door.send(past, late)
    door.send(who, subject(past["subject"], user=who["uid"], rev=1))
    future = crossing(subject=past["subject"])
    door.send(future)
    assert named(centre) == {past["subject"]: "Ada"}
    door.send(subject(past["subject"], user=None, rev=2))
    assert named(centre) == {past["subject"]: None}


def test_a_name_reaches_down_a_chain_of_mergers_to_the_next_name(centre: Centre, speaking: Callable) -> None:
    door, ada, bob = speaking(), user(name="Ada"), user(name="Bob")
    first, second, third, fourth = (crossing() for _ in range(4))
    door.send(first, second, third, fourth, ada, bob)
    door.send(
        subject(second["subject"], merged_into=first["subject"], rev=1),
        subject(third["subject"], merged_into=second["subject"], user=bob["uid"], rev=1),
        subject(fourth["subject"], merged_into=third["subject"], rev=1),
    )
    door.send(subject(first["subject"], user=ada["uid"], rev=1))
    later = crossing(subject=second["subject"])
    door.send(later)
    assert named(centre) == {
        first["subject"]: "Ada", second["subject"]: "Ada", third["subject"]: "Bob", fourth["subject"]: "Bob",
    }  # fmt: skip


def test_mergers_that_run_in_a_circle_end(centre: Centre, speaking: Callable) -> None:
    door, ada, one, two = speaking(), user(name="Ada"), crossing(), crossing()
    door.send(one, two, ada, subject(one["subject"], merged_into=one["subject"], rev=1))
    door.send(
        subject(one["subject"], merged_into=two["subject"], rev=2),
        subject(two["subject"], merged_into=one["subject"], rev=2),
    )
    door.send(crossing(subject=one["subject"]))
    assert set(named(centre).values()) == {None}
    assert len(centre.execute("SELECT * FROM report.who_is_in")) >= 1
    door.send(subject(one["subject"], user=ada["uid"], merged_into=two["subject"], rev=3))
    assert set(named(centre).values()) == {"Ada"}


def test_the_higher_revision_wins_and_an_equal_one_is_counted_up(centre: Centre, speaking: Callable) -> None:
    door, gate, ada, bob, uuid = speaking("door"), speaking("gate"), user(name="Ada"), user(name="Bob"), str(uuid4())
    state = "SELECT u.name, s.ignored, s.has_face, s.rev FROM subjects s LEFT JOIN users u ON u.id = s.user_id"
    door.send(ada, bob, subject(uuid, user=ada["uid"], rev=3))
    gate.send(subject(uuid, ignored=True, has_face=True, rev=2))
    assert centre.execute(state) == [("Ada", False, True, 3)]
    gate.send(subject(uuid, user=bob["uid"], rev=3))
    assert centre.execute(state) == [("Bob", False, True, 4)]
    door.send(subject(uuid, user=ada["uid"], rev=7))
    assert centre.execute(state) == [("Ada", False, True, 7)]
    door.send(subject(uuid, user=ada["uid"], rev=7))
    assert centre.execute(state) == [("Ada", False, True, 7)]


def test_a_subjects_span_only_grows(centre: Centre, speaking: Callable) -> None:
    door, seen = speaking(), crossing()
    door.send(seen)
    door.send(subject(seen["subject"], first=ago(days=2), last=ago(days=1)))
    door.send(crossing(subject=seen["subject"], ts=ago(days=3)))
    assert centre.execute(
        "SELECT first_seen::date = now()::date - 3, last_seen > now() - interval '1 minute' FROM subjects"
    ) == [(True, True)]


def test_the_newer_word_about_a_person_wins(centre: Centre, speaking: Callable) -> None:
    door, first = speaking(), user(name="Ada", email="ada@example.org", updated=ago(hours=2))
    door.send(first)
    door.send(first | {"name": "Old", "updated": ago(hours=3)})
    assert centre.execute("SELECT name FROM users WHERE role = 'member'") == [("Ada",)]
    door.send(first | {"name": "Adelaide", "updated": ago(days=-3)})  # a clock that runs ahead counts as now
    assert centre.execute("SELECT name, updated_at <= now() FROM users WHERE role = 'member'") == [("Adelaide", True)]


def test_an_address_that_somebody_else_holds_is_left_out(centre: Centre, speaking: Callable) -> None:
    door = speaking()
    one, two = user(name="One", email="x@example.org"), user(name="Two", email="X@example.org")
    assert door.send(one, two)["rejected"] == []
    held = centre.execute("SELECT email IS NOT NULL FROM users WHERE name IN ('One', 'Two')")
    assert sorted(held) == [(False,), (True,)]
    assert centre.execute("SELECT kind FROM rejects") == [("user",)]


def test_a_person_who_was_never_met_gets_a_place(centre: Centre, speaking: Callable) -> None:
    door, uid = speaking(), str(uuid4())
    seen = event(person=uid)
    assert door.send(seen)["ok"] == [seen["seq"]]
    assert centre.execute("SELECT u.name, u.uid::text FROM events e JOIN users u ON u.id = e.subject_user_id") == [
        (None, uid)
    ]
    assert not [row for row in of(door.hear(), "user") if row["uid"] == uid]
    door.send(user(uid, "Ada", updated=ago(days=300)))
    assert [row["name"] for row in of(door.hear(), "user") if row["uid"] == uid] == ["Ada"]


def test_forgetting_a_person_leaves_counts_and_nothing_else(centre: Centre, speaking: Callable) -> None:
    door, ada = speaking(), user(name="Ada", email="ada@example.org", consent=ago(days=1))
    mine, merged, other, late = crossing(), crossing(), crossing(), crossing("O", ts=ago(days=80))
    late["subject"] = mine["subject"]
    face = event("face_seen", subject=mine["subject"], data={"track": 7, "quality": 0.5})
    known = event("sit", person=ada["uid"])
    door.send(mine, merged, other, late, face, known, ada)
    door.send(
        subject(mine["subject"], user=ada["uid"], rev=1, has_face=True),
        subject(merged["subject"], merged_into=mine["subject"], rev=1),
        template(user=ada["uid"]), template(subject=mine["subject"]),
    )  # fmt: skip
    door.hear()
    assert door.send(tombstone(ada["uid"]))["rejected"] == []
    told = door.hear()
    assert {row["what"] for row in of(told, "tombstone") if row["uid"] in {mine["subject"], merged["subject"]}} == {
        "stranger"
    }
    assert [row["what"] for row in of(told, "tombstone") if row["uid"] == ada["uid"]] == ["person"]
    assert len([row for row in of(told, "template") if row.get("gone")]) == 2
    gone = (ada["uid"], mine["subject"], merged["subject"])
    for table in ("events", "smartlog", "late_rows", "subjects", "face_templates", "person_keys", "rejects"):
        text = "".join(row[0] for row in centre.execute(f"SELECT t::text FROM {table} t"))
        assert not any(uid in text for uid in gone), table
    assert centre.execute(
        "SELECT name, email, consent_at, forgotten_at IS NOT NULL FROM users WHERE uid = %s", ada["uid"]
    ) == [(None, None, None, True)]
    assert (
        centre.execute("SELECT uuid = event_id::text, track_id FROM smartlog WHERE uuid <> %s", other["subject"])
        == [(True, None)] * 2
    )
    assert sorted(centre.execute("SELECT type, data::text FROM events WHERE subject_uuid IS NULL")) == [
        ("crossing", '{"confidence": 0.9}'), ("crossing", '{"confidence": 0.9}'),
        ("face_seen", "{}"), ("sit", '{"confidence": 0.9}'),
    ]  # fmt: skip
    assert centre.execute("SELECT sum(count) FROM counts_hourly") == [(6,)]
    assert named(centre)[other["subject"]] is None


def test_what_comes_late_about_the_forgotten_is_stripped(centre: Centre, speaking: Callable) -> None:
    door, gate, ada, hers = speaking("door"), speaking("gate"), user(name="Ada"), str(uuid4())
    door.send(ada, subject(hers, user=ada["uid"], rev=1))
    door.send(tombstone(ada["uid"]))
    new = str(uuid4())  # another device had just recognised her anew
    late = [
        crossing(subject=hers), event("face_seen", person=ada["uid"]), crossing("O", subject=hers, ts=ago(days=50)),
        ada | {"updated": ago(seconds=0)}, subject(hers, user=ada["uid"], rev=9),
        subject(new, user=ada["uid"], rev=1, has_face=True), template(user=ada["uid"]), template(subject=hers),
    ]  # fmt: skip
    assert gate.send(*late)["rejected"] == []
    assert centre.execute("SELECT name FROM users WHERE uid = %s", ada["uid"]) == [(None,)]
    for table in ("subjects", "face_templates", "person_keys"):
        assert centre.execute(f"SELECT count(*) FROM {table}") == [(0,)], table
    assert centre.execute("SELECT subject_uuid, subject_user_id, data::text FROM events ORDER BY type") == [
        (None, None, '{"confidence": 0.9}'),
        (None, None, "{}"),
    ]
    assert centre.execute("SELECT uuid = event_id::text, user_id, track_id FROM smartlog") == [(True, None, None)]
    assert centre.execute("SELECT subject_uuid = event_id, person_id, track_id FROM late_rows") == [(True, None, None)]
    assert [row["uid"] for row in of(gate.hear(), "tombstone") if row["uid"] == new] == [new]
    assert centre.execute("SELECT sum(in_count), sum(out_count) FROM counts_hourly") == [(1, 1)]


def test_an_owner_who_is_forgotten_leaves_the_devices_to_nobody_in_particular(
    centre: Centre, speaking: Callable
) -> None:
    door, seen = speaking(), crossing()
    door.send(seen, subject(seen["subject"], user=centre.owner, rev=1))
    door.send(tombstone(centre.owner))
    assert centre.execute(
        "SELECT u.name, u.email, u.uid::text <> %s FROM devices d JOIN users u ON u.id = d.user_id", centre.owner
    ) == [("owner", None, True)]
    assert centre.execute("SELECT forgotten_at IS NOT NULL FROM users WHERE uid = %s", centre.owner) == [(True,)]
    assert named(centre) != {seen["subject"]: "Owner"}


def test_two_people_who_are_one_become_one_everywhere(centre: Centre, speaking: Callable) -> None:
    door, gate, ada, twin = speaking("door"), speaking("gate"), user(name="Ada"), user(name="A.", email="a@example.org")
    one, two = crossing(), event(person=twin["uid"])
    old = crossing(ts=ago(days=60))
    door.send(one, two, old, ada, twin)
    door.send(*(subject(seen["subject"], user=twin["uid"], rev=1) for seen in (one, old)))
    face = template(user=twin["uid"])
    door.send(face)
    door.send(tombstone(twin["uid"], "merged", heir=ada["uid"]))
    assert named(centre) == {one["subject"]: "Ada", old["subject"]: "Ada"}
    assert centre.execute("SELECT u.name FROM events e JOIN users u ON u.id = e.subject_user_id") == [("Ada",)]
    assert centre.execute("SELECT email FROM users WHERE uid = %s", ada["uid"]) == [("a@example.org",)]
    resealed = face | {"seq": face["seq"] + 10**6, "user": ada["uid"], "vector": "YW5ldw=="}
    door.send(resealed)
    assert centre.execute("SELECT owner::text FROM person_keys") == [(ada["uid"],)]
    late = crossing(person=twin["uid"])
    gate.send(late, subject(late["subject"], user=twin["uid"], rev=1), template(user=twin["uid"]))
    assert named(centre)[late["subject"]] == "Ada"
    assert centre.execute("SELECT DISTINCT u.name FROM events e JOIN users u ON u.id = e.subject_user_id") == [("Ada",)]
    assert centre.execute("SELECT count(*) FROM face_templates") == [(1,)]
    assert [row["heir"] for row in of(gate.hear(), "tombstone")] == [ada["uid"]]


def test_nobody_is_merged_into_themselves_nor_in_a_circle(speaking: Callable) -> None:
    door, ada, bob = speaking(), user(name="Ada"), user(name="Bob")
    assert len(door.send(tombstone(ada["uid"], "merged", heir=ada["uid"]))["rejected"]) == 1
    door.send(tombstone(ada["uid"], "merged", heir=bob["uid"]))
    door.hear()
    other_way_round = tombstone(bob["uid"], "merged", heir=ada["uid"])  # the first word counts, and is told again
    assert door.send(other_way_round)["duplicate"] == [other_way_round["seq"]]
    assert [(row["uid"], row["heir"]) for row in of(door.hear(), "tombstone")] == [(ada["uid"], bob["uid"])]


def test_a_tombstone_that_comes_again_is_a_duplicate(speaking: Callable) -> None:
    door, gone = speaking(), tombstone(str(uuid4()), "stranger")
    assert door.send(gone)["ok"] == [gone["seq"]]
    assert door.send(gone)["duplicate"] == [gone["seq"]]


def test_a_face_is_inserted_once_replaced_when_resealed_and_removed(centre: Centre, speaking: Callable) -> None:
    door, gate, face = speaking("door"), speaking("gate"), template(subject=str(uuid4()))
    assert door.send(face)["ok"] == [face["seq"]]
    assert door.send(face)["duplicate"] == [face["seq"]]
    (heard,) = of(gate.hear(), "template")
    assert {name: heard[name] for name in ("id", "subject", "user", "vector", "key", "created")} == {
        name: face[name] for name in ("id", "subject", "user", "vector", "key", "created")
    }
    long = base64.b64encode(bytes(range(200))).decode()  # encode() would break its lines
    door.send(face | {"vector": long})
    assert [row["vector"] for row in of(gate.hear(), "template")] == [long]
    door.send({"seq": 1, "kind": "template", "v": 1, "id": face["id"], "gone": True})
    assert of(gate.hear(), "template") == [{"kind": "template", "v": 1, "id": face["id"], "gone": True}]
    assert door.send(face)["duplicate"] == [face["seq"]], "sent before it went, and held up on the way"
    assert centre.execute("SELECT id FROM face_templates") == of(gate.hear(), "template") == []


def test_a_face_that_went_before_it_came_stays_gone(centre: Centre, speaking: Callable) -> None:
    door, face = speaking(), template(subject=str(uuid4()))
    gone = {"seq": 1, "kind": "template", "v": 1, "id": face["id"], "gone": True}
    assert door.send(gone)["ok"] == [1]
    assert door.send(face)["duplicate"] == [face["seq"]]
    assert centre.execute("SELECT id FROM face_templates") == centre.execute("SELECT owner FROM person_keys") == []


@pytest.mark.parametrize(
    "wrong", [{"vector": "no base 64!"}, {"quality": 3}, {"vector": "QUFB" * 9000}, {"user": str(uuid4())}]
)
def test_a_face_that_cannot_be_meant_is_refused_and_kept_nowhere(
    centre: Centre, speaking: Callable, wrong: dict[str, Any]
) -> None:
    face = template(subject=str(uuid4())) | wrong
    assert len(speaking().send(face)["rejected"]) == 1
    assert centre.execute("SELECT count(*) FROM face_templates") == [(0,)]
    ((payload,),) = centre.execute("SELECT payload::text FROM rejects")
    assert "vector" not in payload
    assert face["key"] not in payload
