"""`smartlogd log`: read who came and went, in local times."""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from smartlogd.base.errors import Exit, SmartlogError
from smartlogd.base.known import Action
from smartlogd.cli.options import AsJson, Config

if TYPE_CHECKING:
    from pathlib import Path

    from smartlogd.base.health import Told
    from smartlogd.store.log import Passing

Row = TypeVar("Row")

FOLLOW_S = 0.5
"""How often a followed log is read again."""
_SPANS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


class Format(enum.Enum):
    """How the log is written out."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def log(
    since: Annotated[
        str | None, typer.Option(metavar="WHEN", help='From when on: "2h", "3d", "today", "yesterday", or ISO 8601.')
    ] = None,
    line: Annotated[str | None, typer.Option(metavar="NAME", help="Only passings of this line.")] = None,
    action: Annotated[Action | None, typer.Option(help="Only who came in (I), or went out (O).")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="At most so many, the newest of them.")] = 1000,
    events: Annotated[bool, typer.Option("--events", help="All that happened, and how long it lasted.")] = False,  # noqa: FBT002
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on printing as rows come.")] = False,  # noqa: FBT002
    format_: Annotated[
        Format, typer.Option("--format", help="A table, one JSON object a line, or CSV.")
    ] = Format.TABLE,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Print who passed, which way, and when.

    Works with and without a running daemon; times are local. With --events, each thing that happened is printed once,
    in the order in which it was written.
    """
    from smartlogd.base.time import SystemClock
    from smartlogd.cli import happened
    from smartlogd.cli.rows import writer
    from smartlogd.settings import read_settings

    folder = read_settings(config).folders().state
    begin = None if since is None else moment(since, SystemClock().now().utc)
    if events:
        if line or action or format_ is Format.CSV:
            raise SmartlogError("--events goes without --line, --action and CSV.", code=Exit.USAGE)
        tell = happened.writer(as_json=as_json or format_ is Format.JSON)
        for told in _happened(folder, begin, limit, follow=follow):
            tell(told)
        return
    write = writer("json" if as_json else format_.value)
    for row in _rows(folder, begin, line, action, limit, follow=follow):
        write(row)


def moment(text: str, now: dt.datetime) -> dt.datetime:
    """The UTC instant that `text` means at `now`: a span back, a day in local time, or ISO 8601.

    >>> now = dt.datetime(2026, 1, 2, 12, 0, tzinfo=dt.UTC)
    >>> moment("2h", now), moment("2026-01-01T00:00:00+00:00", now)
    ... # doctest: +NORMALIZE_WHITESPACE
    (datetime.datetime(2026, 1, 2, 10, 0, tzinfo=datetime.timezone.utc),
     datetime.datetime(2026, 1, 1, 0, 0, tzinfo=datetime.timezone.utc))
    """
    from smartlogd.base.time import instant

    hint = 'Write it as "2h", "30m", "3d", "today", "yesterday" or 2026-01-31T08:00.'
    try:
        if (back_s := span_s(text)) is not None:
            return now - dt.timedelta(seconds=back_s)
        if (days := {"today": 0, "yesterday": 1}.get(text.strip().lower())) is not None:
            day = now.astimezone().date() - dt.timedelta(days=days)
            return dt.datetime.combine(day, dt.time.min).astimezone(dt.UTC)
        return instant(text.strip())
    except (ValueError, OverflowError) as error:
        raise SmartlogError(f"--since {text!r} is no time.", hint, code=Exit.USAGE) from error


def span_s(text: str) -> int | None:
    """The seconds of a span as people write it, None where it is none.

    >>> span_s("2h"), span_s("30d"), span_s("soon")
    (7200, 2592000, None)
    """
    span = re.fullmatch(r"(\d{1,6})([smhdw])", text.strip())
    return int(span[1]) * _SPANS_S[span[2]] if span else None


def _rows(
    folder: Path, since: dt.datetime | None, line: str | None, action: Action | None, limit: int, *, follow: bool
) -> Iterator[Passing]:
    """What is there, oldest first; then, when following, what comes."""
    from smartlogd.store.log import passings

    def read(after: int | None) -> list[Passing]:
        return passings(folder, since=since, line=line, action=action, limit=limit, after_id=after)

    return _followed(read, lambda row: row.id, follow=follow)


def _happened(folder: Path, since: dt.datetime | None, limit: int, *, follow: bool) -> Iterator[Told]:
    """All that happened, likewise; `since` is of what is printed, not of what is read."""
    from smartlogd.store.happened import happened

    def read(after: int | None) -> tuple[Told, ...]:
        return happened(folder, limit=limit, after=after)

    found = _followed(read, lambda told: told.seq, follow=follow)
    return (told for told in found if since is None or told.at >= since)


def _followed(
    read: Callable[[int | None], Iterable[Row]], number: Callable[[Row], int], *, follow: bool
) -> Iterator[Row]:
    """What `read` gives: the newest when asked with None, then what came after a number."""
    import threading

    newest: int | None = None
    pause = threading.Event()
    while True:
        for row in read(newest):
            newest = max(newest or 0, number(row))
            yield row
        if not follow:
            return
        newest = newest or 0
        pause.wait(FOLLOW_S)
