"""`smartlogd log --events`: all that happened, one line each, with how long it lasted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer

from smartlogd.cli.changed import local
from smartlogd.cli.phrases import span

if TYPE_CHECKING:
    from collections.abc import Callable

    from smartlogd.base.health import Told

_WAYS = {"I": "in", "O": "out"}


def writer(*, as_json: bool) -> Callable[[Told], None]:
    """What writes one event to standard output."""
    return lambda told: typer.echo(json.dumps(_object(told)) if as_json else line(told))


def line(told: Told) -> str:
    """One event for people.

    >>> import datetime as dt
    >>> from smartlogd.base.health import Told
    >>> at = dt.datetime(2026, 1, 2, 12, tzinfo=dt.UTC)
    >>> line(Told(1, "e", "sit", at, True, person="Ada", ended=at + dt.timedelta(seconds=72)))[20:]
    'sit               1 min      Ada'
    >>> line(Told(1, "e", "crossing", at, True, data={"line": "door", "action": "O"}))[20:]
    'door: out'
    """
    what = told.type.replace("_", " ")
    if told.type == "crossing":
        what = f"{told.data.get('line') or '-'}: {_WAYS.get(str(told.data.get('action')), '-')}"
    lasted = "" if told.ended is None else span((told.ended - told.at).total_seconds())
    doubt = "" if told.is_trusted else "  (the clock was not set)"
    return f"{local(told.at)} {what:<16}  {lasted:<9}  {told.person or ''}{doubt}".rstrip()


def _object(told: Told) -> dict[str, object]:
    """One event as programs read it; `lasted_s` is null of what took no time, or lasts still."""
    lasted_s = None if told.ended is None else (told.ended - told.at).total_seconds()
    return {
        "id": told.seq,
        "time": told.at.astimezone().isoformat(timespec="milliseconds"),
        "type": told.type,
        "lasted_s": lasted_s,
        "who": told.person,
        "subject": told.subject,
        "clock_trusted": told.is_trusted,
        "data": told.data,
        "event_id": told.event_id,
    }
