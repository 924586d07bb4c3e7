"""`smartlogd metrics`: what a day or a week came to, in numbers, in bars, and as a picture."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from smartlogd.base.errors import Exit, SmartlogError
from smartlogd.cli.columns import columns
from smartlogd.cli.options import AsJson, Config

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from smartlogd.record.chart import Bar, Chart
    from smartlogd.settings import Settings
    from smartlogd.store.reports import DayReport, Streaks, Stretch, WeekReport

app = typer.Typer(help="What a day or a week came to: day, week.", no_args_is_help=True, rich_markup_mode=None)

Date: TypeAlias = Annotated[
    str, typer.Option("--date", metavar="DATE", help='Which day: "today", "yesterday", or 2026-01-31.')
]
Png: TypeAlias = Annotated[Path | None, typer.Option("--png", metavar="FILE", help="Draw it into this file as well.")]
Numbers: TypeAlias = Mapping[str, int | float]

_COUNTS = (
    ("sat", "sit_count"),
    ("stood", "stand_count"),
    ("lay", "lie_count"),
    ("treats", "treats_dispensed"),
    ("barks", "barks"),
    ("howls", "howls"),
    ("whines", "whines"),
    ("in", "in_count"),
    ("out", "out_count"),
)
_DRAWN = frozenset(("sat", "stood", "lay", "fetched", "treats", "barks"))
"""What finds room in a picture."""


@app.command("day")
def day(date: Date = "today", png: Png = None, config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Say what a day came to, and its hours.

    Days begin at the device's own midnight. Works with and without a running daemon.
    """
    from smartlogd.store import reports

    settings, zone = _read(config)
    report = reports.day(settings.folders().state, the_date(date, _today(zone)), zone)
    if png is not None:
        _draw(png, _of_day(report, settings.device.name))
    if as_json:
        typer.echo(json.dumps(_object(report)))
        return
    typer.echo(f"{report.date:%A} {report.date.day} {report.date:%B %Y}\n")
    typer.echo(columns(("what", "how much"), list(_rows(report.day.numbers))))
    if report.hours:
        typer.echo(f"\n{_hours(report.hours)}")
    typer.echo(f"\n{in_a_row(report.streaks)}")


@app.command("week")
def week(date: Date = "today", png: Png = None, config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Say what the seven days up to a date came to.

    Days begin at the device's own midnight. Works with and without a running daemon.
    """
    from smartlogd.store import reports

    settings, zone = _read(config)
    report = reports.week(settings.folders().state, the_date(date, _today(zone)), zone)
    if png is not None:
        _draw(png, _of_week(report, settings.device.name))
    if as_json:
        for one in report.days:
            typer.echo(json.dumps({"date": f"{one.begin:%Y-%m-%d}", "numbers": one.numbers}))
        typer.echo(json.dumps({"streaks": _streaks(report.streaks)}))
        return
    typer.echo(_days(report.days))
    typer.echo(f"\n{in_a_row(report.streaks)}")


def the_date(text: str, today: dt.date) -> dt.date:
    """The day that is meant.

    >>> the_date("yesterday", dt.date(2026, 3, 1)), the_date("2026-01-31", dt.date(2026, 3, 1))
    (datetime.date(2026, 2, 28), datetime.date(2026, 1, 31))
    """
    back = {"today": 0, "yesterday": 1}.get(text.strip().lower())
    if back is not None:
        return today - dt.timedelta(days=back)
    try:
        found = dt.date.fromisoformat(text.strip())
    except ValueError:
        found = dt.date.min
    if not 1970 < found.year < 9000:
        hint = 'Write it as "today", "yesterday" or 2026-01-31.'
        raise SmartlogError(f"--date {text!r} is no day.", hint, code=Exit.USAGE)
    return found


def in_a_row(streaks: Streaks) -> str:
    """The streaks in a sentence."""
    from smartlogd.store.reports import FETCHES, SITS

    return (
        f"Days in a row with {SITS} sits or more: {streaks.sits}; with {FETCHES} successful fetches: {streaks.fetches}."
    )


def _read(config: Path | None) -> tuple[Settings, ZoneInfo]:
    from smartlogd.device import zone
    from smartlogd.settings import read_settings

    settings = read_settings(config)
    return settings, zone(settings.device.timezone)


def _today(zone: ZoneInfo) -> dt.date:
    from smartlogd.base.time import SystemClock

    return SystemClock().now().utc.astimezone(zone).date()


def _rows(numbers: Numbers) -> Iterator[tuple[str, str]]:
    """Each number with its word."""
    yield "in view", lasted(numbers["time_in_frame_min"])
    yield "calm", lasted(numbers["calm_minutes"])
    for word, column in _COUNTS:
        yield word, str(numbers[column])
        if word == "lay":
            yield "fetched", _fetched(numbers)


def lasted(minutes: float) -> str:
    """Minutes as a person says them, to the nearest one.

    >>> lasted(0), lasted(0.3), lasted(12.6), lasted(200)
    ('0 min', '18 s', '13 min', '3 h 20 min')
    """
    from smartlogd.cli.phrases import span

    return span(minutes * 60) if 0 < minutes < 1 else "0 min" if minutes <= 0 else span(round(minutes) * 60)


def _fetched(numbers: Numbers) -> str:
    return f"{numbers['fetch_success_count']} of {numbers['fetch_count']}"


def _pair(one: Stretch) -> tuple[float, float]:
    return one.numbers["time_in_frame_min"], one.numbers["calm_minutes"]


def _hours(hours: Sequence[Stretch]) -> str:
    from smartlogd.cli import bars

    ink = bars.ink(sys.stdout.encoding)
    drawn = bars.upright([_pair(hour) for hour in hours], [f"{hour.begin:%H}" for hour in hours], 60, ink)
    return f"{drawn}\nMinutes of each hour: {ink.whole} in view, {ink.part} calm."


def _days(days: Sequence[Stretch]) -> str:
    from smartlogd.cli import bars

    ink, most = bars.ink(sys.stdout.encoding), max(_pair(one)[0] for one in days)
    heads = ("day", "in view", "calm", "sat", "stood", "lay", "fetched", "treats", "barks", "in", "out", "")
    rows = []
    for one in days:
        told = dict(_rows(one.numbers))
        bar = bars.lying(_pair(one), most, ink)
        rows.append((f"{one.begin:%a %Y-%m-%d}", *(told[head] for head in heads[1:-1]), bar))
    return columns(heads, rows)


def _object(report: DayReport) -> dict[str, object]:
    """A day as programs read it."""
    hours = [{"begin": hour.begin.isoformat(), "numbers": hour.numbers} for hour in report.hours]
    numbers = {"date": report.date.isoformat(), "numbers": report.day.numbers}
    return {**numbers, "hours": hours, "streaks": _streaks(report.streaks)}


def _streaks(streaks: Streaks) -> dict[str, int]:
    return {"sits": streaks.sits, "fetches": streaks.fetches}


def _draw(path: Path, chart: Chart) -> None:
    from smartlogd.base.pixels import png
    from smartlogd.record.chart import drawn
    from smartlogd.record.place import write_whole

    write_whole(path, png(drawn(chart)))


def _of_day(report: DayReport, device: str) -> Chart:
    bars = ((f"{hour.begin:%H}", hour) for hour in report.hours)
    title = f"{report.date:%A} {report.date.day} {report.date:%B %Y}"
    return _chart(title, f"{device}, {_zone(report.day)}", bars, report.day.numbers)


def _of_week(report: WeekReport, device: str) -> Chart:
    bars = ((f"{one.begin:%a} {one.begin.day}", one) for one in report.days)
    first, last = report.days[0].begin, report.days[-1].begin
    numbers = {name: sum(one.numbers[name] for one in report.days) for name in report.days[0].numbers}
    month = "" if first.month == last.month else f" {first:%B}"
    title = f"{first.day}{month} to {last.day} {last:%B %Y}"
    return _chart(title, f"{device}, {_zone(report.days[-1])}", bars, numbers)


def _zone(one: Stretch) -> str:
    """By whose midnight: the zone's name, or what its clocks say where only the machine knows it."""
    name = getattr(one.begin.tzinfo, "key", "localtime")
    return f"{one.begin:%Z}" if name == "localtime" else str(name)


def _chart(title: str, below: str, stretches: Iterable[tuple[str, Stretch]], numbers: Numbers) -> Chart:
    from smartlogd.record.chart import Bar, Chart

    bars: tuple[Bar, ...] = tuple(Bar(label, *_pair(one)) for label, one in stretches)
    minutes = ((brief(numbers["time_in_frame_min"]), "in view"), (brief(numbers["calm_minutes"]), "calm"))
    counts = ((value, word) for word, value in _rows(numbers) if word in _DRAWN)
    passings = (f"{numbers['in_count']} / {numbers['out_count']}", "in / out")
    return Chart(title, below, ("in view", "calm"), bars, (*minutes, *counts, passings))


def brief(minutes: float) -> str:
    """Minutes in few letters.

    >>> brief(0), brief(34.4), brief(444), brief(2640)
    ('0 min', '34 min', '7.4 h', '44 h')
    """
    if minutes < 59.5:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.1f} h" if minutes < 1440 else f"{minutes / 60:.0f} h"
