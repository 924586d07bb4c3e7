"""Rows of the log as a table, as JSON and as CSV, one at a time, so that a followed log flows."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from smartlogd.base.errors import Exit, SmartlogError
from smartlogd.base.known import Action

if TYPE_CHECKING:
    from smartlogd.store.log import Passing

COLUMNS = (
    "id",
    "time",
    "line",
    "action",
    "track",
    "user_id",
    "who",
    "uuid",
    "subject",
    "confidence",
    "clock_trusted",
    "device",
    "event_id",
)
WAYS = {Action.IN: "in", Action.OUT: "out"}

Write = Callable[["Passing"], None]


def writer(form: str) -> Write:
    """What writes rows to standard output in this form: table, json or csv."""
    forms: dict[str, Callable[[], Write]] = {"table": _table, "json": _json, "csv": _csv}
    if form not in forms:
        raise SmartlogError(f"There is no format {form}.", f"Known: {', '.join(forms)}.", code=Exit.USAGE)
    return forms[form]()


def _table() -> Write:
    heads_left = [f"{'time':<19}  {'line':<12}  way  {'who':<16}  track"]

    def write(row: Passing) -> None:
        while heads_left:
            typer.echo(heads_left.pop())
        at = row.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        mark = "" if row.trusted is not False else _doubt(row)
        track = "" if row.track is None else row.track
        typer.echo(f"{at}  {row.line or '':<12}  {WAYS[row.action]:<3}  {_who(row):<16}  {track:>5}{mark}")

    return write


def _doubt(row: Passing) -> str:
    """What is to be known of a stamp by a clock that no time server disciplined."""
    return "  clock set right later" if row.is_corrected else "  clock not synchronised"


def _who(row: Passing) -> str:
    """The name where there is one, else the end of the stranger's uuid: its beginning is but the time."""
    if row.who:
        return row.who
    return f"user {row.user_id}" if row.user_id is not None else f"unknown {(row.subject or row.uuid or '')[-6:]}"


def _json() -> Write:
    return lambda row: typer.echo(json.dumps(_fields(row)))


def _csv() -> Write:
    out = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    out.writeheader()

    def write(row: Passing) -> None:
        out.writerow(_fields(row))
        sys.stdout.flush()

    return write


def _fields(row: Passing) -> dict[str, object]:
    return {
        "id": row.id,
        "time": row.at.astimezone().isoformat(timespec="milliseconds"),
        "line": row.line,
        "action": row.action.value,
        "track": row.track,
        "user_id": row.user_id,
        "who": row.who,
        "uuid": row.uuid,
        "subject": row.subject,
        "confidence": row.confidence,
        "clock_trusted": row.trusted,
        "device": row.device,
        "event_id": row.event_id,
    }
