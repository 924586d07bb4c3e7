"""What takes time, and recordings, at the centre: ends that come later, links that open so often and no more."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from centre import Centre
from items import ago, event, item, tombstone
from psycopg import errors, sql

pytestmark = pytest.mark.services

ENDS = "SELECT ended_at IS NOT NULL, data, video_ts_ms FROM {table} WHERE event_id = %s"
COUNTED = "SELECT type, sum(count) FROM counts_hourly GROUP BY type"


def again(made: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The same event once more, as a later pointer of the outbox sends it."""
    return made | {"seq": made["seq"] + 1_000_000} | fields


# Ends ------------------------------------------------------------------------------------------------


def test_an_event_that_comes_again_with_its_end_gets_it_once(centre: Centre, speaking: Callable) -> None:
    door, began = speaking(), event("sit", ts=ago(minutes=9), data={"track": 7})
    assert door.send(began)["ok"] == [began["seq"]]
    over = again(began, ended=ago(minutes=5), data={"track": 7, "zone": "bed"})
    for _ in range(2):
        assert door.send(over)["duplicate"] == [over["seq"]]
    assert centre.execute(ENDS.format(table="events"), began["id"]) == [(True, {"track": 7, "zone": "bed"}, None)]
    first = centre.execute("SELECT ended_at FROM events")
    door.send(again(over, ended=ago(minutes=1), data={"zone": "door"}))
    door.send(began)
    assert centre.execute("SELECT ended_at FROM events") == first, "an end is never moved, and never taken back"
    assert centre.execute(ENDS.format(table="events"), began["id"])[0][1] == {"track": 7, "zone": "bed"}
    assert centre.execute(COUNTED) == [("sit", 1)]


def test_an_end_among_other_rows_is_taken_and_the_others_are_counted_once(centre: Centre, speaking: Callable) -> None:
    door, began = speaking(), [event("lie", ts=ago(minutes=9)) for _ in range(3)]
    door.send(*began)
    over, fresh = [again(each, ended=ago(minutes=1)) for each in began], event("lie")
    bad = event("lie", ts="no time at all")
    said = door.send(*over, fresh, bad)
    assert (said["ok"], [seq for seq, _ in said["rejected"]]) == ([fresh["seq"]], [bad["seq"]])
    assert sorted(said["duplicate"]) == sorted(each["seq"] for each in over)
    assert centre.execute("SELECT count(*) FILTER (WHERE ended_at IS NOT NULL), count(*) FROM events") == [(3, 4)]
    assert centre.execute(COUNTED) == [("lie", 4)]


def test_an_event_that_comes_with_its_end_at_once_is_one_event(centre: Centre, speaking: Callable) -> None:
    whole = event("bark", ts=ago(minutes=9), ended=ago(minutes=8))
    door = speaking()
    assert door.send(whole)["ok"] == [whole["seq"]]
    assert door.send(again(whole, ended=None, data={}))["duplicate"]
    assert centre.execute(ENDS.format(table="events"), whole["id"])[0][0] is True


def test_no_device_ends_what_another_told_of(centre: Centre, speaking: Callable) -> None:
    door, gate, began = speaking("door"), speaking("gate"), event("sit", ts=ago(minutes=9))
    door.send(began)
    gate.send(again(began, ended=ago(minutes=5)))
    assert centre.execute(
        "SELECT d.name, ended_at IS NOT NULL FROM events JOIN devices AS d ON d.id = device_id ORDER BY 1"
    ) == [("door", False), ("gate", True)]


def test_where_a_clip_shows_an_event_is_told_later_and_once(centre: Centre, speaking: Callable) -> None:
    door, seen = speaking(), event("crossing", data={"line": "door"})
    door.send(seen)
    door.send(again(seen, video_ts_ms=5000, data={"line": "another"}))
    door.send(again(seen, video_ts_ms=9000))
    assert centre.execute(ENDS.format(table="events"), seen["id"]) == [(False, {"line": "door"}, 5000)]


def test_the_end_of_a_late_event_is_noted_beside_the_log(centre: Centre, speaking: Callable) -> None:
    door, began = speaking(), event("sit", ts=ago(days=60))
    door.send(began)
    over = again(began, ended=ago(days=60, minutes=-5))
    assert door.send(over)["duplicate"] == [over["seq"]]
    assert centre.execute(ENDS.format(table="late_rows"), began["id"])[0][0] is True
    assert centre.execute(COUNTED) == [("sit", 1)]
    assert centre.execute("SELECT count(*) FROM rejects") == [(0,)]


def test_an_end_whose_beginning_is_packed_away_changes_no_chunk_and_is_told(centre: Centre, speaking: Callable) -> None:
    door, began = speaking(), event("sit", ts=ago(days=40))
    door.send(began)
    centre.execute("INSERT INTO meta (key, value) VALUES ('late_after_days', '30')")
    centre.execute(
        "CREATE FUNCTION refused() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'this chunk is compressed'; END $$"
    )
    centre.execute("CREATE TRIGGER packed BEFORE UPDATE ON events FOR EACH ROW EXECUTE FUNCTION refused()")
    over = again(began, ended=ago(days=39))
    assert door.send(over)["duplicate"] == [over["seq"]]
    assert centre.execute(ENDS.format(table="events"), began["id"])[0][0] is False
    ((reason, kept),) = centre.execute("SELECT reason, payload #>> '{}' FROM rejects")
    assert "packed away" in reason
    assert began["id"] in kept


def test_what_is_told_of_someone_forgotten_when_it_ends_is_left_out(centre: Centre, speaking: Callable) -> None:
    door, began = speaking(), event("sit", ts=ago(minutes=9), data={"track": 7})
    door.send(began)
    door.send(tombstone(began["subject"], what="stranger"))
    door.send(again(began, ended=ago(minutes=5), data={"track": 7, "zone": "bed"}))
    ((is_over, data, _),) = centre.execute(ENDS.format(table="events"), began["id"])
    assert (is_over, data) == (True, {"zone": "bed"})


def test_no_end_decompresses_a_chunk(centre: Centre, speaking: Callable) -> None:
    told = "SELECT current_setting('timescaledb.license', true) FROM pg_extension WHERE extname = 'timescaledb'"
    if centre.execute(told) != [("timescale",)]:
        pytest.skip("needs the full edition of TimescaleDB, which compresses: SMARTLOG_TEST_CENTRAL_URL")
    door, fresh = speaking(), event("sit", ts=ago(minutes=9))
    centre.execute("INSERT INTO meta VALUES ('late_after_days', '100')")
    old = [event("sit", ts=ago(days=60, seconds=number)) for number in range(50)]
    door.send(*old, fresh)
    centre.execute("DELETE FROM meta WHERE key = 'late_after_days'")
    packed = "SELECT compress_chunk(c) FROM show_chunks('events', older_than => now() - interval '45 days') AS c"
    assert centre.execute(packed)
    rows = "SELECT count(*) FROM ONLY {}"
    chunks = centre.execute(
        "SELECT format('%I.%I', chunk_schema, chunk_name) FROM timescaledb_information.chunks WHERE is_compressed"
    )
    over = [again(each, ended=each["ts"] + 1_000_000) for each in (*old, fresh)]
    assert len(door.send(*over)["duplicate"]) == 51
    assert centre.execute(ENDS.format(table="events"), fresh["id"])[0][0] is True
    assert centre.execute("SELECT count(*) FROM rejects") == [(50,)]
    assert {centre.execute(rows.format(chunk))[0][0] for (chunk,) in chunks} == {0}, "no row lies open beside them"


# Links -----------------------------------------------------------------------------------------------

TABLES = {"clip": "clips", "snapshot": "snapshots"}
SHARE = "SELECT api.share(%s)"


class Shared:
    """A recording with a link to it."""

    def __init__(self, kind: str = "clip", *, uses: int | None = 5, expires: int | None = None, **fields: Any) -> None:
        self.token, id_ = secrets.token_urlsafe(32), str(uuid4())
        suffix = "mp4" if kind == "clip" else "jpg"
        self.key = f"smartlog/door/2026/11/22/{id_}.{suffix}"
        usual = {
            "event_id": id_, "s3_uri": f"s3://clips/{self.key}", "labels": ["dog"], "bytes": 10, "sha256": "a" * 64,
            "phase": "uploaded", "share_token_hash": hashlib.sha256(self.token.encode()).hexdigest(),
            "share_expires_at": expires or ago(hours=-24), "share_uses_left": uses,
        }  # fmt: skip
        times = {"start_ts": ago(hours=1), "duration_ms": 9000, "preview_png": None}
        if kind == "snapshot":
            times = {"ts": ago(hours=1), "note": None}
        self.item = item(kind, **(usual | times | fields))


def opened(connection: psycopg.Connection, token: str | None) -> dict[str, Any] | None:
    row = connection.execute(SHARE, (token,)).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(("kind", "type_"), [("clip", "video/mp4"), ("snapshot", "image/jpeg")])
def test_a_link_opens_so_often_and_no_more(centre: Centre, speaking: Callable, kind: str, type_: str) -> None:
    door, shared = speaking(), Shared(kind, uses=2)
    door.send(shared.item)
    first = opened(door.connection, shared.token)
    assert first is not None
    assert (first["bucket"], first["key"], first["type"], first["uses_left"]) == ("clips", shared.key, type_, 1)
    assert (first["recording"], first["device"], first["sha256"]) == (shared.item["event_id"], "door", "a" * 64)
    assert first["uri"] == f"s3://clips/{shared.key}"
    assert opened(door.connection, shared.token)["uses_left"] == 0  # type: ignore[index]
    assert opened(door.connection, shared.token) is None
    assert centre.execute(f"SELECT share_uses_left FROM {TABLES[kind]}") == [(0,)]


def test_a_link_without_a_number_opens_until_it_is_over(speaking: Callable) -> None:
    door, shared = speaking(), Shared(uses=None)
    door.send(shared.item)
    for _ in range(3):
        assert opened(door.connection, shared.token)["uses_left"] is None  # type: ignore[index]


@pytest.mark.parametrize(
    "wrong",
    [
        {"expires": ago(seconds=1)},
        {"uses": 0},
        {"share_token_hash": None},
        {"phase": "kept"},
        {"phase": "lost"},
        {"s3_uri": None},
        {"s3_uri": "s3://clips/smartlog/another/2026/11/22/secret.mp4"},
        {"s3_uri": "https://elsewhere.example.org/x.mp4"},
    ],
    ids=lambda wrong: "-".join(f"{name}" for name in wrong),
)
def test_a_link_that_is_over_used_up_or_to_nothing_of_its_own_opens_nothing(
    speaking: Callable, wrong: dict[str, Any]
) -> None:
    door, shared = speaking(), Shared(**wrong)
    assert door.send(shared.item)["ok"]
    assert opened(door.connection, shared.token) is None


@pytest.mark.parametrize("token", [None, "", "short", "x" * 300, "' OR true --" * 3, "A" * 43])
def test_a_token_that_nobody_made_opens_nothing(speaking: Callable, token: str | None) -> None:
    door = speaking()
    door.send(Shared().item)
    assert opened(door.connection, token) is None


def test_many_at_once_open_it_as_often_as_it_may_be_opened(centre: Centre, speaking: Callable) -> None:
    door, shared = speaking(), Shared(uses=5)
    door.send(shared.item)
    with ThreadPoolExecutor(8) as crowd:
        came = list(crowd.map(lambda _: opened(centre.connect(), shared.token), range(24)))
    assert sorted(each["uses_left"] for each in came if each) == [0, 1, 2, 3, 4]


def test_what_the_device_says_later_of_the_same_link_does_not_fill_it_up_again(
    centre: Centre, speaking: Callable
) -> None:
    door, shared = speaking(), Shared(uses=3)
    door.send(shared.item)
    opened(door.connection, shared.token)
    door.send(again(shared.item, labels=["cat"]))
    assert centre.execute("SELECT share_uses_left, labels FROM clips") == [(2, ["cat"])]
    door.send(again(shared.item, share_uses_left=1))
    assert centre.execute("SELECT share_uses_left FROM clips") == [(1,)]
    door.send(again(shared.item, share_token_hash=None, share_uses_left=None))
    assert opened(door.connection, shared.token) is None
    another = hashlib.sha256(b"another token, for others").hexdigest()
    door.send(again(shared.item, share_token_hash=another, share_uses_left=9))
    assert opened(door.connection, "another token, for others")["uses_left"] == 8  # type: ignore[index]


def test_a_recording_that_is_lost_is_nowhere_any_more_whatever_comes_late(centre: Centre, speaking: Callable) -> None:
    door, shared = speaking(), Shared()
    door.send(shared.item)
    door.send(again(shared.item, phase="lost", s3_uri=None))
    door.send(again(shared.item))
    said = door.connection.execute(
        "SELECT api.media_done(%s, %s, 1, %s)", (shared.item["event_id"], shared.item["s3_uri"], "b" * 64)
    ).fetchone()
    assert said[0]["ok"] is False
    assert centre.execute("SELECT phase, s3_uri FROM clips") == [("lost", None)]
    assert opened(door.connection, shared.token) is None


def test_a_gate_that_opens_links_for_others_may_do_that_and_nothing_else(centre: Centre, speaking: Callable) -> None:
    door, shared, name = speaking(), Shared(), f"gatekeeper_{uuid4().hex[:8]}"
    door.send(shared.item)
    centre.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'gate' IN ROLE smartlog_share")
    try:
        with psycopg.connect(centre.cluster.tls_url(centre.name, name, "gate"), autocommit=True) as gate:
            assert opened(gate, shared.token)["uses_left"] == 4  # type: ignore[index]
            for statement in (
                "SELECT * FROM clips", "SELECT api.pull(0, 1, 1)", "SELECT internal.option('centre')",
                "SELECT api.ingest(gen_random_uuid(), 1, '{}', '[]')",
            ):  # fmt: skip
                with pytest.raises(errors.InsufficientPrivilege):
                    gate.execute(statement)
    finally:
        centre.cluster.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def test_a_device_that_is_shut_out_opens_nothing(centre: Centre, speaking: Callable) -> None:
    door, shared = speaking(), Shared()
    door.send(shared.item)
    centre.execute("UPDATE devices SET enabled = false")
    with pytest.raises(errors.InsufficientPrivilege):
        opened(door.connection, shared.token)
