"""What a device hears from the centre: pages of what changed, in the order of commits."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from uuid import uuid4

import psycopg
import pytest
from centre import Centre
from items import crossing, ingest, pull, subject, template, user


def test_the_first_page_says_whose_centre_it_is_and_whose_device(centre: Centre, speaking: Callable) -> None:
    door = speaking()
    centre.execute("INSERT INTO fleet_keys VALUES (%s, 'wrapped', now())", door.enrolled.device_id)
    page = pull(door.connection)
    assert page["centre"] == centre.execute("SELECT value #>> '{}' FROM meta WHERE key = 'centre'")[0][0]
    assert page["device"] == {
        "name": "door", "enabled": True, "site": None,
        "owner": {"uid": centre.owner, "email": "owner@example.org", "name": "Owner", "role": "owner"},
    }  # fmt: skip
    assert (page["wire"], page["last"], page["fleet_key"]) == (1, True, "d3JhcHBlZA==")
    assert [row["uid"] for row in page["rows"]] == [centre.owner]


def test_one_device_hears_what_another_said(centre: Centre, speaking: Callable) -> None:
    door, gate, ada = speaking("door"), speaking("gate"), user(name="Ada", email="a@example.org")
    seen = subject(user=ada["uid"], rev=2, has_face=True)
    gate.hear()
    door.send(ada, seen)
    heard_user, heard_subject = gate.hear()
    same = ("uid", "email", "name", "role", "created", "updated", "consent", "kind", "v")
    assert {name: heard_user[name] for name in same} == {name: ada[name] for name in same}
    assert heard_user["forgotten"] is None
    assert heard_subject == {name: value for name, value in seen.items() if name != "seq"}
    assert gate.hear() == []


def test_subjects_that_are_merely_seen_are_not_told(speaking: Callable) -> None:
    door = speaking()
    door.hear()
    door.send(crossing(), subject())
    assert door.hear() == []
    door.send(subject(ignored=True, rev=1))
    assert len(door.hear()) == 1


def test_a_row_that_changes_again_moves_to_the_end(speaking: Callable) -> None:
    door, gate, one, two = speaking("door"), speaking("gate"), user(name="One"), user(name="Two")
    door.hear()
    gate.send(one, two)
    gate.send(one | {"name": "Uno", "updated": one["updated"] + 1})
    assert [row["name"] for row in door.hear()] == ["Two", "Uno"]


def test_pages_are_as_long_as_asked_for_and_never_much_over_a_mebibyte(centre: Centre, speaking: Callable) -> None:
    door, uuid = speaking(), str(uuid4())
    door.send(*(user(name=f"n{number}") for number in range(5)))
    page = pull(door.connection, 0, 2)
    assert (len(page["rows"]), page["last"]) == (2, False)
    rest = pull(door.connection, page["cursor"], 1000)
    assert (len(rest["rows"]), rest["last"]) == (4, True)
    assert len(pull(door.connection, 0, -3)["rows"]) == 1
    door.send(*(template(subject=uuid, vector="QUFB" * 4000) for _ in range(80)))
    cursor, seen = rest["cursor"], 0
    for _ in range(3):
        page = pull(door.connection, cursor, 100_000)
        assert len(json.dumps(page["rows"])) < 1_200_000
        cursor, seen = page["cursor"], seen + len([row for row in page["rows"] if row["kind"] == "template"])
    assert (seen, page["last"]) == (80, True)


ROUTINE = (
    "INSERT INTO routines (uid, user_id, device_id, name, cron, steps, enabled, created_at, updated_at)"
    " SELECT %s, u.id, d.id, %s, '0 8 * * *', '[{\"type\": \"treat\"}]', true, now(), now()"
    " FROM users u LEFT JOIN devices d ON d.name = %s WHERE u.uid = %s"
)


def test_routines_are_for_all_devices_of_the_owner_or_for_one(centre: Centre, speaking: Callable) -> None:
    door, gate = speaking("door"), speaking("gate")
    everyones, gates, strangers = (str(uuid4()) for _ in range(3))
    stranger = user(name="Somebody")
    door.send(stranger)
    for uid, name, device, owner in (
        (everyones, "all", None, centre.owner), (gates, "gate's", "gate", centre.owner),
        (strangers, "x", None, stranger["uid"]),
    ):  # fmt: skip
        centre.execute(ROUTINE, uid, name, device, owner)

    def routines(device: object) -> dict[str, str | None]:
        return {
            row["uid"]: row.get("name") for row in device.hear() if row["kind"] == "routine" and not row.get("gone")
        }

    assert routines(door) == {everyones: "all"}
    assert routines(gate) == {everyones: "all", gates: "gate's"}
    centre.execute("UPDATE routines SET device_id = %s WHERE uid = %s", door.enrolled.device_id, gates)
    assert routines(door) == {gates: "gate's"}
    assert [row for row in gate.hear() if row["kind"] == "routine"] == [
        {"kind": "routine", "v": 1, "uid": gates, "gone": True}
    ]
    centre.execute("DELETE FROM routines WHERE uid = %s", everyones)
    assert door.hear() == [{"kind": "routine", "v": 1, "uid": everyones, "gone": True}]


def test_models_come_and_go(centre: Centre, speaking: Callable) -> None:
    door = speaking()
    door.hear()
    centre.execute(
        "INSERT INTO models (name, version, type, artifact_uri, status, created_at, metadata)"
        " VALUES ('a \"name\"', '1', 'pose', 's3://x', 'active', now(), '{\"labels\": [1]}')"
    )
    (heard,) = door.hear()
    assert (heard["name"], heard["version"], heard["status"], heard["metadata"]) == (
        'a "name"',
        "1",
        "active",
        {"labels": [1]},
    )
    centre.execute("DELETE FROM models")
    assert door.hear() == [{"kind": "model", "v": 1, "name": 'a "name"', "version": "1", "gone": True}]


def test_asking_keeps_a_device_alive(centre: Centre, speaking: Callable) -> None:
    speaking().hear()
    assert centre.execute("SELECT status, last_seen > now() - interval '1 minute' FROM devices") == [("online", True)]


def test_nothing_is_missed_by_who_reads_while_many_write(centre: Centre, speaking: Callable) -> None:
    writers = [speaking(f"device-{number}") for number in range(4)]
    listener, said, heard = speaking("listener"), set(), set()
    lock = threading.Lock()

    def talk(device: object) -> None:
        for _ in range(12):
            people = [user() for _ in range(5)]
            ingest(device.connection, people, device.enrolled.epoch)
            with lock:
                said.update(person["uid"] for person in people)

    threads = [threading.Thread(target=talk, args=(writer,)) for writer in writers]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        heard.update(row["uid"] for row in listener.hear(7))
    while more := listener.hear(7):
        heard.update(row["uid"] for row in more)
    assert said
    assert said <= heard


def test_plain_events_wait_for_no_writer_of_the_feed(centre: Centre, speaking: Callable) -> None:
    door, gate = speaking("door"), speaking("gate")
    door.connection.execute("SET statement_timeout = '2s'")
    with psycopg.connect(gate.enrolled.url) as slow:
        ingest(slow, [user()], gate.enrolled.epoch)  # not committed yet
        assert len(door.send(crossing())["ok"]) == 1
        with pytest.raises(psycopg.errors.QueryCanceled):
            door.send(user())


def test_functions_put_back_after_an_upgrade_tell_nothing_twice(centre: Centre, speaking: Callable) -> None:
    from smartlogd.schema.migrate import upgrade

    door = speaking()
    door.send(user())
    door.hear()
    upgrade(centre.url)
    assert door.hear() == []
    door.send(user())
    assert len(door.hear()) == 1
