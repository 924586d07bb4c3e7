"""`smartlogd sync dead`: what the centre refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smartlogd.base.errors import Exit
from smartlogd.store.engine import transaction

Smartlogd = Callable[..., Any]
DEAD = (
    "INSERT INTO dead_letters (seq, kind, row_id, priority, at, died_at, reason)"
    " SELECT ?, 'event', id, 1, ts, ts, 'no such action' FROM events ORDER BY id LIMIT 1 OFFSET ?"
)


@pytest.fixture
def refused(state: Path) -> Path:
    """A log, two of whose events the centre refused."""
    from village import Village

    made = Village(state)
    made.recognised(made.enrolled("Anna", 1), 1, passings=3)
    with transaction(state / "smartlog.db") as connection:
        connection.execute(DEAD, (901, 0))
        connection.execute(DEAD, (902, 1))
    return state


def test_dead_letters_are_listed_with_their_reason(smartlogd: Smartlogd, refused: Path) -> None:
    head, *rows = smartlogd("sync", "dead", "list").out.splitlines()
    assert head.split() == ["seq", "kind", "row", "happened", "refused", "reason"]
    assert [row.split()[0] for row in rows] == ["902", "901"]
    assert all(row.endswith("no such action") for row in rows)
    told = [json.loads(line) for line in smartlogd("sync", "dead", "list", "--json", "--limit", 1).out.splitlines()]
    assert [(one["seq"], one["kind"], one["reason"]) for one in told] == [(902, "event", "no such action")]


def test_one_is_explained_with_what_would_be_sent(smartlogd: Smartlogd, refused: Path) -> None:
    told = json.loads(smartlogd("sync", "dead", "show", 901, "--json").out)
    assert told["seq"] == 901
    assert told["item"]["kind"] == "event"
    assert "reason    no such action" in smartlogd("sync", "dead", "show", 901).out
    assert smartlogd("sync", "dead", "show", 7).code == Exit.MISSING


def test_some_or_all_are_sent_again(smartlogd: Smartlogd, refused: Path) -> None:
    assert smartlogd("sync", "dead", "retry", 901).out == "1 wait to be sent again.\n"
    assert json.loads(smartlogd("sync", "dead", "retry", "--all", "--json").out) == {"retried": 1}
    assert smartlogd("sync", "dead", "list").out == "The centre refused nothing.\n"


def test_which_ones_must_be_said(smartlogd: Smartlogd, refused: Path) -> None:
    assert smartlogd("sync", "dead", "retry").code == Exit.USAGE
    assert smartlogd("sync", "dead", "retry", 901, "--all").code == Exit.USAGE
    told = smartlogd("sync", "dead", "retry", 7)
    assert told.code == Exit.MISSING
    assert "no dead letter 7" in told.err
