"""What analysts read in schema `report`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from uuid import uuid4

import psycopg
import pytest
from centre import Centre
from items import ago, crossing, event, subject, user

VIEWS = ("occupancy_now", "in_out_hourly", "events_hourly", "who_is_in", "person_day", "device_health", "daily_metrics")


def test_an_analyst_reads_the_views_and_nothing_else(centre: Centre) -> None:
    with psycopg.connect(centre.url, autocommit=True) as connection:
        connection.execute("SET ROLE smartlog_report")
        for view in VIEWS:
            connection.execute(f"SELECT * FROM report.{view}")
        for denied in ("public.smartlog", "public.users", "internal.passings", "api.wire()"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT * FROM {denied}")
    assert {
        name
        for (name,) in centre.execute("SELECT table_name FROM information_schema.views WHERE table_schema = 'report'")
    } == set(VIEWS)


def test_no_view_shows_a_number_that_means_nothing_elsewhere(centre: Centre) -> None:
    columns = centre.execute("SELECT column_name FROM information_schema.columns WHERE table_schema = 'report'")
    assert not [name for (name,) in columns if name == "id" or name.endswith("_id")]


def soon_after_midnight(centre: Centre) -> int:
    """Microseconds since 1970 of this day's beginning in UTC, and one second."""
    at = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=1, microsecond=0)
    return int(at.timestamp()) * 1_000_000


def test_occupancy_is_todays_ins_without_its_outs_and_never_below_none(centre: Centre, speaking: Callable) -> None:
    today = soon_after_midnight(centre)
    speaking("door").send(
        *(crossing("I", ts=today) for _ in range(3)), crossing("O", ts=today + 1),
        crossing("I", ts=today - 7_200_000_000),
    )  # fmt: skip
    speaking("gate").send(*(crossing("O", ts=today, line="side") for _ in range(2)))
    rows = centre.execute("SELECT device, line, inside, in_today, out_today FROM report.occupancy_now ORDER BY 1")
    assert rows == [("door", "door", 2, 3, 1), ("gate", "side", 0, 0, 2)]


def test_a_day_is_one_of_the_zone_that_was_set(centre: Centre, speaking: Callable) -> None:
    centre.execute("INSERT INTO meta VALUES ('timezone', '\"Asia/Kathmandu\"')")  # 5:45 ahead
    zone = dt.timezone(dt.timedelta(hours=5, minutes=45))
    midnight = dt.datetime.now(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    at = int(midnight.timestamp()) * 1_000_000
    ada = user(name="Ada")
    seen = [crossing("I", ts=at), crossing("O", ts=at - 1)]
    speaking().send(ada, *(subject(one["subject"], user=ada["uid"], rev=1) for one in seen))
    speaking().send(*seen)
    assert centre.execute("SELECT in_today, out_today FROM report.occupancy_now") == [(1, 0)]
    today = midnight.date()
    assert centre.execute("SELECT day, ins, outs FROM report.person_day ORDER BY day") == [
        (today - dt.timedelta(days=1), 0, 1),
        (today, 1, 0),
    ]


def test_who_is_in_are_those_whose_newest_passing_was_inwards(centre: Centre, speaking: Callable) -> None:
    door, ada, bob = speaking(), user(name="Ada"), user(name="Bob")
    ada_in, bob_in, bob_out = (
        crossing("I", ts=ago(hours=3)),
        crossing("I", ts=ago(hours=3)),
        crossing("O", ts=ago(hours=2)),
    )
    stranger, same_again = crossing("I", ts=ago(hours=2)), crossing("O", ts=ago(hours=1))
    inside, yesterday = crossing("I", ts=ago(hours=1), line="side"), crossing("I", ts=ago(hours=30))
    door.send(
        ada, bob, ada_in, bob_in, bob_out, stranger, same_again, inside, yesterday,
        subject(ada_in["subject"], user=ada["uid"], rev=1),
        *(subject(one["subject"], user=bob["uid"], rev=1) for one in (bob_in, bob_out)),
        subject(same_again["subject"], merged_into=stranger["subject"], rev=1),
    )  # fmt: skip
    rows = centre.execute("SELECT who, is_known, device, line FROM report.who_is_in ORDER BY 1")
    assert rows == [("Ada", True, "door", "door"), (f"stranger {inside['subject'][-6:]}", False, "door", "side")]
    centre.execute("INSERT INTO meta VALUES ('presence_hours', '48')")
    assert centre.execute("SELECT count(*) FROM report.who_is_in") == [(3,)]


def test_a_persons_day_has_the_first_in_and_the_last_out_also_of_late_rows(centre: Centre, speaking: Callable) -> None:
    door, ada = speaking(), user(name="Ada")
    noon = int(dt.datetime.now(dt.UTC).replace(hour=12, minute=0, second=0, microsecond=0).timestamp()) * 1_000_000
    day, hour = 86_400_000_000, 3_600_000_000
    seen = [
        crossing(action, ts=noon - back * day + at * hour)
        for back in (2, 60)
        for action, at in (("I", -3), ("O", -1), ("I", 0), ("O", 4))
    ]
    door.send(*seen)
    door.send(ada, *(subject(one["subject"], user=ada["uid"], rev=1) for one in seen))
    rows = centre.execute(
        "SELECT person, extract(hour FROM first_in AT TIME ZONE 'UTC')::int,"
        " extract(hour FROM last_out AT TIME ZONE 'UTC')::int, ins, outs FROM report.person_day"
    )
    assert rows == [("Ada", 9, 16, 2, 2)] * 2


def test_times_are_shown_as_the_clock_was_corrected(centre: Centre, speaking: Callable) -> None:
    door, boot, today = speaking(), str(uuid4()), soon_after_midnight(centre)
    ada = user(name="Ada")
    early = crossing("I", boot=boot, trusted=False, mono=500_000, ts=ago(days=30))
    late = crossing("I", boot=boot, trusted=False, mono=600_000, ts=ago(days=100))
    door.send(early, late)
    door.send(ada, *(subject(one["subject"], user=ada["uid"], rev=1) for one in (early, late)))
    assert centre.execute("SELECT count(*) FROM report.occupancy_now") == [(0,)]
    door.send(event("clock_corrected", data={"boot_id": boot, "zero_us": today}, subject=None, trusted=True))
    assert centre.execute("SELECT inside FROM report.occupancy_now") == [(2,)]
    assert centre.execute("SELECT ins, (extract(epoch FROM first_in) * 1000000)::bigint FROM report.person_day") == [
        (2, today + 500_000)
    ]
    assert centre.execute(
        "SELECT sum(in_count) FROM report.in_out_hourly WHERE hour >= date_trunc('day', now(), 'UTC')"
    ) == [(2,)]


def test_the_health_of_a_device_is_seen_at_a_glance(centre: Centre, speaking: Callable) -> None:
    door = speaking("door")
    speaking("silent")
    door.send(event(trusted=False), event(type=None), crossing())
    rows = centre.execute(
        "SELECT device, status, software_version, rows_24h, clock IS NULL, rejects_24h, rejects"
        " FROM report.device_health ORDER BY 1"
    )
    assert rows == [("door", "online", "0.3.0", 2, False, 1, 1), ("silent", "offline", None, 0, True, 0, 0)]
    centre.execute("UPDATE devices SET last_seen = now() - interval '1 hour' WHERE name = 'door'")
    assert centre.execute("SELECT status FROM report.device_health WHERE device = 'door'") == [("offline",)]
    centre.execute("UPDATE devices SET enabled = false WHERE name = 'door'")
    assert centre.execute("SELECT status FROM report.device_health WHERE device = 'door'") == [("disabled",)]
