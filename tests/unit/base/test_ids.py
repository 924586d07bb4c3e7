"""Ids: unique and in the log's order when live, always the same in replay."""

from __future__ import annotations

import datetime as dt

from smartlogd.base.ids import LiveIds, ReplayIds, uuid7
from smartlogd.base.known import TrackId
from smartlogd.base.time import Stamp

AT = Stamp(5_000_000_000, dt.datetime(2026, 5, 4, 12, 30, 0, 250_000, tzinfo=dt.UTC), trusted=True)
ONE, TWO = TrackId(1), TrackId(2)


def test_a_live_id_is_a_version_7_uuid_that_holds_the_stamp() -> None:
    made = uuid7(AT)
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == int(AT.utc.timestamp() * 1000)


def test_live_ids_sort_as_the_log_does() -> None:
    made = [uuid7(AT.shifted(step / 100)) for step in range(50)]
    assert made == sorted(made)


def test_live_ids_of_one_millisecond_differ() -> None:
    ids = LiveIds()
    assert (
        len({ids.event("crossing", ONE, AT) for _ in range(500)} | {ids.subject(ONE, AT) for _ in range(500)}) == 1000
    )


def test_two_replays_of_one_file_mint_the_same_ids() -> None:
    one, two = ReplayIds("ab" * 32), ReplayIds("ab" * 32)
    assert one.event("crossing", ONE, AT) == two.event("crossing", ONE, AT)
    assert one.subject(ONE, AT) == two.subject(ONE, AT.shifted(3)), (
        "a subject is known by its track, whenever it is asked for"
    )


def test_other_footage_tracks_instants_and_kinds_get_other_ids() -> None:
    ids = ReplayIds("ab" * 32)
    made = [
        ids.event("crossing", ONE, AT),
        ids.event("crossing", TWO, AT),
        ids.event("crossing", ONE, AT.shifted(0.04)),
        ids.event("person_entered", ONE, AT),
        ids.subject(ONE, AT),
        ids.subject(TWO, AT),
        ReplayIds("cd" * 32).event("crossing", ONE, AT),
    ]
    assert len(set(made)) == len(made)
