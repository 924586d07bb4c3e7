"""`smartlogd bookmark`, asked of a daemon that answers from a real socket."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from smartlogd.base.errors import Exit

Smartlogd = Callable[..., Any]
Desk = Any
ANSWER = {"id": "0190", "at": "2026-11-21T08:00:00+00:00", "note": "first steps"}


def test_a_moment_is_marked_with_a_note_or_without(smartlogd: Smartlogd, desk: Desk) -> None:
    desk.answers = {"bookmark": ANSWER}
    assert smartlogd("bookmark", "first steps").out == "Marked at 2026-11-21T08:00:00+00:00 (event 0190).\n"
    assert json.loads(smartlogd("bookmark", "--json").out) == ANSWER
    assert desk.commands == [("bookmark", {"note": "first steps"}), ("bookmark", {"note": None})]


@pytest.mark.usefixtures("state")
def test_without_a_daemon_it_says_how_to_start_one(smartlogd: Smartlogd) -> None:
    told = smartlogd("bookmark")
    assert (told.code, "smartlogd run" in told.err) == (Exit.SERVICE_AWAY, True)
