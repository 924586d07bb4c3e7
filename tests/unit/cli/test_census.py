from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

from smartlogd.cli.census import device_fields, device_rows, gap_lines, state_fields, state_lines
from smartlogd.sync.census import PLAIN, CentreSeen, DeviceSeen
from smartlogd.sync.hardening import Gap

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
DOOR = DeviceSeen("door", "home", "ada@example.org", "smartlogd_door", True, "0.3.0", NOON, 1234, 5, 0, True)
SEEN = CentreSeen("c", "15.1", PLAIN, None, (), "0003", "0003", 1, 1, 2, 1234, 5, 0, 9_200_000, False, ())


def test_a_device_is_told_in_one_row_and_its_state_in_a_word() -> None:
    enrolled, shut, without = DOOR, replace(DOOR, enabled=False), replace(DOOR, login=None, clock=False, last_seen=None)
    words = [row[-1] for row in device_rows((enrolled, shut, without))]
    assert words == ["enrolled", "shut out", "no login"]
    assert [row[-2] for row in device_rows((enrolled, without))] == ["good", "not trusted"]
    assert device_rows((DOOR,))[0][5] == "1,234"


def test_programs_read_json_of_both() -> None:
    assert json.loads(json.dumps(device_fields(DOOR)))["last_seen"].startswith("2026-01-01")
    assert json.loads(json.dumps(state_fields(SEEN)))["edition"] == PLAIN


def test_a_centre_that_is_closed_and_new_says_so() -> None:
    told = "\n".join(state_lines(SEEN))
    assert "Nothing is open." in told
    assert "plain PostgreSQL (server 15.1)" in told
    assert "newer" not in told


def test_a_centre_that_is_behind_open_and_refusing_says_that() -> None:
    gap = Gap("everyone may connect", ("REVOKE A", "REVOKE B", "REVOKE C", "REVOKE D"))
    behind = replace(SEEN, schema="0002", rejects=3, is_shared=True, timescale="2.19", gaps=(gap,))
    told = "\n".join(state_lines(behind))
    for word in ("0003 is newer", "3 refused", "among others", "2.19", "Open: everyone may connect", "and 1 more"):
        assert word in told


def test_what_is_somebody_elses_to_close_is_told_as_such() -> None:
    assert gap_lines([Gap("other databases", ("REVOKE A",), is_advice=True)]) == [
        "To know: other databases. What would close it:",
        "  REVOKE A;",
    ]
