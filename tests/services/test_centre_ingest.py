"""What the centre takes, what it refuses, and what it says of each row; on a real PostgreSQL."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from centre import Centre
from items import ago, crossing, event, ingest, item, subject, user
from psycopg import errors


def seqs(*items: dict[str, Any]) -> list[int]:
    return [one["seq"] for one in items]


def count(centre: Centre, table: str) -> int:
    return centre.execute(f"SELECT count(*) FROM {table}")[0][0]


def test_a_crossing_becomes_an_event_a_passing_a_subject_and_a_count(centre: Centre, speaking: Callable) -> None:
    passed = crossing("I", ts=ago(days=3) // 1_000_000 * 1_000_000 + 123_457)
    assert speaking().send(passed) == {"wire": 1, "ok": seqs(passed), "duplicate": [], "rejected": [], "held": []}
    ((at, type_, data, name),) = centre.execute(
        "SELECT (extract(epoch FROM ts) * 1000000)::bigint, e.type, data, d.name"
        " FROM events e JOIN devices d ON d.id = device_id"
    )
    assert (at, type_, data, name) == (passed["ts"], "crossing", passed["data"], "door")  # to the microsecond
    assert centre.execute("SELECT uuid, action, line, confidence, track_id, user_id FROM smartlog") == [
        (passed["subject"], "I", "door", 0.75, 7, None)
    ]
    assert centre.execute("SELECT uuid::text FROM subjects WHERE first_seen = last_seen") == [(passed["subject"],)]
    assert centre.execute("SELECT type, line, count, in_count, out_count FROM counts_hourly") == [
        ("crossing", "door", 1, 1, 0)
    ]


def test_what_is_sent_twice_is_kept_once(centre: Centre, speaking: Callable) -> None:
    door, batch = speaking(), [crossing("I"), event("sit")]
    door.send(*batch)
    more = crossing("O")
    assert door.send(*batch, more)["duplicate"] == seqs(*batch)
    assert (count(centre, "events"), count(centre, "smartlog")) == (3, 2)
    assert centre.execute("SELECT sum(count), sum(in_count), sum(out_count) FROM counts_hourly") == [(3, 1, 1)]


def test_an_event_that_comes_twice_in_one_batch_is_kept_once(centre: Centre, speaking: Callable) -> None:
    once = crossing()
    again = once | {"seq": once["seq"] + 100_000}
    said = speaking().send(once, again)
    assert (said["ok"], said["duplicate"]) == ([once["seq"]], [again["seq"]])
    assert centre.execute("SELECT sum(in_count) FROM counts_hourly") == [(1,)]


BAD = {
    "an id that is none": {"id": "x'; DROP TABLE events; --"},
    "no id": {"id": None},
    "no type": {"type": None},
    "a type too long": {"type": "t" * 33},
    "no data": {"data": None},
    "a time that is text": {"ts": "yesterday"},
    "no time": {"ts": None},
    "a time before 2020": {"ts": 1_000_000},
    "a time in 2099": {"ts": 4_070_908_800_000_000},
    "a time beyond all time": {"ts": 9_223_372_036_854_775_807},
    "a subject that is none": {"subject": "nobody"},
    "a text that PostgreSQL cannot keep": {"data": {"text": "\u0000"}},
    "half a letter, which it cannot keep": {"data": {"text": "\ud800"}},
    "a third action": {"passing": {"line": "door", "action": "X", "confidence": 1, "track": 1, "image": None}},
    "no action": {"passing": {"line": "door", "confidence": 1, "track": 1, "image": None}},
    "a confidence of 2": {"passing": {"line": "door", "action": "I", "confidence": 2, "track": 1, "image": None}},
    "a line too long": {"passing": {"line": "l" * 65, "action": "I", "confidence": 1, "track": 1, "image": None}},
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_row_is_refused_and_its_neighbours_go_on(centre: Centre, speaking: Callable, what: str) -> None:
    before, bad, after = [crossing() for _ in range(70)], crossing(**BAD[what]), [event() for _ in range(5)]
    said = speaking().send(*before, bad, *after)
    assert said["ok"] == seqs(*before, *after)
    ((seq, reason),) = said["rejected"]
    assert seq == bad["seq"]
    assert 0 < len(reason) <= 500
    assert "\n" not in reason
    assert count(centre, "events") == 75
    ((kind, kept, payload),) = centre.execute("SELECT kind, reason, payload FROM rejects")
    assert (kind, kept) == ("" if "cannot keep" in what else "event", reason)
    assert str(bad["seq"]) in payload


def test_what_is_kept_of_a_refused_row_is_cut(centre: Centre, speaking: Callable) -> None:
    speaking().send(event(type=None, data={"much": "ü" * 50_000}))
    assert centre.execute("SELECT octet_length(payload::text) <= 4200 FROM rejects") == [(True,)]


def test_items_of_no_known_kind_are_refused(speaking: Callable) -> None:
    odd, good = item("weather"), event()
    said = speaking().send(odd, good)
    assert said["ok"] == seqs(good)
    assert [seq for seq, _ in said["rejected"]] == seqs(odd)


@pytest.mark.parametrize(
    ("batch", "error"),
    [
        ('{"seq": 1}', errors.InvalidParameterValue),
        ("7", errors.InvalidParameterValue),
        ("[1, 2]", errors.InvalidParameterValue),
        ('[{"kind": "event"}]', errors.InvalidParameterValue),
        ("[", errors.InvalidTextRepresentation),
        (json.dumps([event(data={"x": "y" * 1_600_000})]), errors.ProgramLimitExceeded),
        (json.dumps([{"seq": n, "kind": "event", "v": 1} for n in range(2001)]), errors.ProgramLimitExceeded),
    ],
)
def test_a_batch_that_is_none_is_refused_whole(speaking: Callable, batch: str, error: type[psycopg.Error]) -> None:
    door = speaking()
    with pytest.raises(error):
        door.connection.execute("SELECT api.ingest(%s, 1, '{}', %s)", (door.enrolled.epoch, batch))


def test_an_empty_batch_is_a_sign_of_life(centre: Centre, speaking: Callable) -> None:
    assert speaking().send()["ok"] == []
    assert centre.execute("SELECT status, software_version, capabilities, last_seen IS NOT NULL FROM devices") == [
        ("online", "0.3.0", ["count"], True)
    ]


def test_two_thousand_items_are_taken_at_once(centre: Centre, speaking: Callable) -> None:
    batch = [event() for _ in range(2000)]
    assert speaking().send(*batch)["ok"] == seqs(*batch)


def test_another_devices_epoch_is_denied(centre: Centre, speaking: Callable) -> None:
    door, gate = speaking("door"), speaking("gate")
    door.send(event())
    with pytest.raises(errors.InsufficientPrivilege):
        gate.send(event(), epoch=door.enrolled.epoch)
    assert count(centre, "events") == 1


def test_a_device_that_is_disabled_or_unknown_is_denied(centre: Centre, speaking: Callable) -> None:
    door = speaking()
    centre.execute("UPDATE devices SET enabled = false")
    for asked in (lambda: door.send(event()), door.hear):
        with pytest.raises(errors.InsufficientPrivilege):
            asked()
    centre.execute("DELETE FROM device_logins")
    with pytest.raises(errors.InsufficientPrivilege):
        door.send(event())


def test_after_a_salvage_a_device_goes_on_in_another_epoch(centre: Centre, speaking: Callable) -> None:
    door, other = speaking(), str(uuid4())
    first, second = event(), event()
    door.send(first)
    door.send(second, epoch=other)
    assert centre.execute("SELECT epoch::text, high_seq FROM devices") == [(other, second["seq"])]
    assert centre.execute("SELECT high_seq FROM device_epochs ORDER BY high_seq") == [
        (first["seq"],),
        (second["seq"],),
    ]


def test_a_device_has_no_rights_but_its_five_functions(centre: Centre, speaking: Callable) -> None:
    connection = speaking().connection
    for statement in (
        "SELECT * FROM public.events", "SELECT * FROM public.meta", "SELECT * FROM report.who_is_in",
        "INSERT INTO public.changes VALUES ('user', 'x', 1)", "SELECT internal.lock_feed()",
        "SELECT internal.option('centre')", "SELECT internal.take('user', 1, 1, '[]')",
    ):  # fmt: skip
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(statement)
    allowed = centre.execute(
        "SELECT proname FROM pg_proc WHERE pronamespace IN ('api'::regnamespace, 'internal'::regnamespace)"
        " AND has_function_privilege('smartlog_device', oid, 'EXECUTE') ORDER BY 1"
    )
    assert allowed == [("ingest",), ("media_done",), ("pull",), ("share",), ("wire",)]


def test_functions_that_act_for_the_owner_fix_where_they_look_for_names(centre: Centre) -> None:
    loose = centre.execute(
        "SELECT proname FROM pg_proc WHERE pronamespace IN ('api'::regnamespace, 'internal'::regnamespace)"
        " AND prosqlbody IS NULL"
        " AND NOT coalesce(array_to_string(proconfig, ',') LIKE 'search_path=pg_catalog, public, pg_temp%', false)"
    )
    assert loose == []
    assert centre.execute(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'api'::regnamespace AND prosecdef ORDER BY 1"
    ) == [("ingest",), ("media_done",), ("pull",), ("share",)]


def test_a_late_row_is_kept_beside_the_log_and_told_apart_from_a_repeated_one(
    centre: Centre, speaking: Callable
) -> None:
    door, fresh, late = speaking(), crossing("I"), crossing("O", ts=ago(days=60))
    assert door.send(fresh, late)["ok"] == seqs(fresh, late)
    assert [count(centre, table) for table in ("events", "smartlog", "late_rows")] == [1, 1, 1]
    assert door.send(late)["duplicate"] == seqs(late)
    centre.execute("INSERT INTO meta VALUES ('late_after_days', '0')")  # a minute ago is late from here on
    assert door.send(fresh, late)["duplicate"] == seqs(fresh, late)
    centre.execute("UPDATE meta SET value = '90' WHERE key = 'late_after_days'")  # and not even 60 days ago is
    assert door.send(fresh, late)["duplicate"] == seqs(fresh, late)
    assert [count(centre, table) for table in ("events", "smartlog", "late_rows")] == [1, 1, 1]
    assert centre.execute("SELECT sum(count), sum(in_count), sum(out_count) FROM counts_hourly") == [(2, 1, 1)]


def test_a_passing_by_hand_is_counted_and_follows_its_subject(centre: Centre, speaking: Callable) -> None:
    door, who = speaking(), user()
    seen = subject(user=who["uid"], rev=1)
    fields = {
        "line": None,
        "confidence": None,
        "track": None,
        "image": None,
        "boot": None,
        "mono": None,
        "trusted": None,
    }
    named = item("passing", id=str(uuid4()), ts=ago(hours=1), action="I", user=who["uid"], uuid=None, **fields)
    of_subject = item("passing", id=str(uuid4()), ts=ago(hours=2), action="O", user=None, uuid=seen["uuid"], **fields)
    late = item("passing", id=str(uuid4()), ts=ago(days=60), action="O", user=who["uid"], uuid=None, **fields)
    sent = (who, seen, named, of_subject, late)
    assert door.send(*sent)["ok"] == seqs(*sent)
    assert door.send(named, of_subject, late)["duplicate"] == seqs(named, of_subject, late)
    assert centre.execute("SELECT action, u.name FROM smartlog l JOIN users u ON u.id = l.user_id ORDER BY 1") == [
        ("I", "Resident"),
        ("O", "Resident"),
    ]
    assert centre.execute("SELECT sum(count), sum(in_count), sum(out_count) FROM counts_hourly") == [(3, 1, 2)]
    assert centre.execute("SELECT ins, outs FROM report.person_day ORDER BY day DESC LIMIT 1")[0] in {(1, 1), (1, 0)}


def test_counts_move_to_the_corrected_hours_exactly_once(centre: Centre, speaking: Callable) -> None:
    door, boot = speaking(), str(uuid4())
    zero = ago(hours=30) // 3_600_000_000 * 3_600_000_000
    early = [
        crossing("I", boot=boot, trusted=False, mono=minute * 60_000_000, ts=ago(days=20)) for minute in (1, 2, 61)
    ]
    right = crossing("O", boot=boot, trusted=True, mono=70, ts=ago(hours=1))
    door.send(*early, right)
    told = event("clock_corrected", data={"boot_id": boot, "zero_us": zero}, subject=None)
    again = event("clock_corrected", data={"boot_id": boot, "zero_us": zero + 7_200_000_000}, subject=None)
    door.send(told, again)
    door.send(told)
    after = crossing("I", boot=boot, trusted=False, mono=62 * 60_000_000, ts=ago(days=20))
    door.send(after)
    hours = centre.execute(
        "SELECT (extract(epoch FROM hour) * 1000000)::bigint - %s, in_count FROM report.in_out_hourly"
        " WHERE in_count > 0 ORDER BY 1",
        zero,
    )
    assert hours == [(0, 2), (3_600_000_000, 2)]
    assert centre.execute("SELECT sum(count) FROM counts_hourly WHERE type = 'crossing'") == [(5,)]
    assert centre.execute("SELECT count(*) FROM clock_corrections") == [(1,)]


def metrics(day: str, **counted: float) -> dict[str, Any]:
    return item("metrics", date=day, **counted)


def test_a_day_sent_again_changes_nothing_and_the_owners_day_is_the_sum(centre: Centre, speaking: Callable) -> None:
    door, gate = speaking("door"), speaking("gate")
    owners = "SELECT sit_count, in_count, calm_minutes FROM ai_metrics_daily"
    door.send(metrics("2026-11-20", sit_count=3, in_count=2, calm_minutes=1.5))
    for _ in range(2):
        gate.send(metrics("2026-11-20", sit_count=1, in_count=5, calm_minutes=0.25))
        assert centre.execute(owners) == [(4, 7, 1.75)]
    door.send(metrics("2026-11-20", sit_count=3, in_count=3, calm_minutes=1.5))
    assert centre.execute(owners) == [(4, 8, 1.75)]
    assert centre.execute("SELECT device, owner, in_count FROM report.daily_metrics ORDER BY 1") == [
        ("door", "Owner", 3),
        ("gate", "Owner", 5),
    ]


def recording(kind: str, **fields: Any) -> dict[str, Any]:
    usual = {
        "event_id": str(uuid4()), "s3_uri": None, "labels": ["dog"], "bytes": 10, "sha256": "a" * 64, "phase": "kept",
        "share_token_hash": None, "share_expires_at": None, "share_uses_left": None,
    }  # fmt: skip
    times = (
        {"start_ts": ago(hours=1), "duration_ms": 9000, "preview_png": None}
        if kind == "clip"
        else {"ts": ago(hours=1), "note": None}
    )
    return item(kind, **(usual | times | fields))


@pytest.mark.parametrize("kind", ["clip", "snapshot"])
def test_a_recording_is_known_then_uploaded_and_stays_so(centre: Centre, speaking: Callable, kind: str) -> None:
    door, gate, made = speaking("door"), speaking("gate"), recording(kind)
    done = "SELECT api.media_done(%s, %s, %s, %s)"
    good = (made["event_id"], "s3://bucket/door/clip.mp4", 10, "b" * 64)
    assert door.connection.execute(done, good).fetchone()[0]["ok"] is False  # not told of yet
    assert door.send(made)["ok"] == seqs(made)
    assert gate.connection.execute(done, good).fetchone()[0]["ok"] is False  # another's
    ((refused, _),) = gate.send(recording(kind, event_id=made["event_id"]))["rejected"]
    assert refused
    for wrong in ("http://bucket/x", "s3://bucket", "s3://b/x\nHost: y"):
        assert door.connection.execute(done, (good[0], wrong, *good[2:])).fetchone()[0]["ok"] is False
    for _ in range(2):
        assert door.connection.execute(done, good).fetchone()[0] == {"ok": True, "reason": None}
    door.send(made | {"seq": made["seq"] + 1_000_000})
    assert centre.execute(f"SELECT phase, s3_uri, sha256, labels FROM {kind}s") == [
        ("uploaded", good[1], "a" * 64, ["dog"])
    ]


@pytest.mark.parametrize("ahead", [1, 2])
def test_items_of_a_newer_device_wait_and_nothing_is_refused(centre: Centre, speaking: Callable, ahead: int) -> None:
    newer = event(ts="a form that nobody knows yet") | {"v": 1 + ahead}
    unknown = item("weather") | {"v": 1 + ahead}
    known = event()
    said = speaking().send(newer, unknown, known, wire=1 + ahead)
    assert (said["ok"], said["held"], said["rejected"]) == (seqs(known), seqs(newer, unknown), [])
    assert count(centre, "rejects") == 0


@pytest.mark.parametrize("ahead", [1, 2])
def test_items_of_an_older_device_are_taken_by_a_newer_centre(centre: Centre, speaking: Callable, ahead: int) -> None:
    centre.execute(f"CREATE OR REPLACE FUNCTION api.wire() RETURNS integer LANGUAGE sql STABLE RETURN {1 + ahead}")
    short = {name: crossing()[name] for name in ("seq", "kind", "v", "id", "type", "ts", "data", "passing")}
    person = {"seq": short["seq"] + 1, "kind": "user", "v": 1, "uid": str(uuid4()), "name": "N", "updated": ago(days=1)}
    seen = {
        "seq": short["seq"] + 2,
        "kind": "subject",
        "v": 1,
        "uuid": str(uuid4()),
        "first": ago(days=1),
        "last": ago(days=1),
    }
    said = speaking().send(short, person, seen)
    assert (said["ok"], said["rejected"], said["held"], said["wire"]) == (seqs(short, person, seen), [], [], 1 + ahead)


def test_devices_that_bring_the_same_people_at_once_do_not_block_each_other(centre: Centre, speaking: Callable) -> None:
    devices = [speaking(f"device-{n}") for n in range(6)]
    shared = [str(uuid4()) for _ in range(40)]
    persons = [str(uuid4()) for _ in range(40)]
    troubles: list[BaseException] = []

    def talk(number: int) -> None:
        try:
            for turn in range(6):
                order = shared[number * turn % 40 :] + shared[: number * turn % 40]
                ingest(devices[number].connection, [
                    crossing(subject=who, person=persons[place]) for place, who in enumerate(order)
                ], devices[number].enrolled.epoch)  # fmt: skip
                ingest(devices[number].connection, [
                    subject(who, user=persons[place], rev=turn, has_face=True) for place, who in enumerate(order[:10])
                ], devices[number].enrolled.epoch)  # fmt: skip
        except BaseException as error:  # noqa: BLE001  # whatever it is, the test shows it
            troubles.append(error)

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []
    assert count(centre, "smartlog") == 6 * 6 * 40
    wrong = centre.execute(
        "SELECT count(*) FROM smartlog l JOIN subjects s ON s.uuid = l.uuid::uuid"
        " WHERE l.user_id IS DISTINCT FROM s.user_id"
    )
    assert wrong == [(0,)]


@pytest.mark.parametrize(("setting", "during"), [("off", "on"), ("local", "local"), ("on", "on")])
def test_what_is_acknowledged_is_on_the_disk_however_lazy_the_server_is_told_to_be(
    speaking: Callable, setting: str, during: str
) -> None:
    door = speaking()
    door.connection.execute(f"SET synchronous_commit = {setting}")
    with door.connection.transaction():
        assert len(door.send(crossing("I"))["ok"]) == 1
        assert door.connection.execute("SHOW synchronous_commit").fetchone() == (during,)
    assert door.connection.execute("SHOW synchronous_commit").fetchone() == (setting,)
