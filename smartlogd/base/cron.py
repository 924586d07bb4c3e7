"""The five fields of cron, and the instants they mean in a time zone; read as Vixie's cron reads them.

Weekdays are cron's: 0 and 7 are Sunday. Where both the day of the month and the weekday are restricted, either will
do. What goes by fixed hours and minutes happens once a day also on the two days on which the clock is changed: a time
that is skipped in spring happens as soon as it is skipped, and one that comes twice in autumn happens the first time.
What has a `*` as its minutes or hours goes by the clock on the wall, which has neither skipped times nor new ones.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

LONGEST = 100
"""Letters of the five fields, as the tables have room for."""
EXAMPLE = 'an example is "30 7 * * 1-5": half past seven from Monday to Friday'
HORIZON = dt.timedelta(days=12 * 366)
"""What does not come within twelve years does not come: the 29th of February was once eight years away."""
MOST_SKIPPED = dt.timedelta(hours=3)
"""A clock that is set forward further has another reason than summer, and what was skipped then is not made up for."""

_MINUTE, _LATE = dt.timedelta(minutes=1), 21
_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11,
    "dec": 12,
}  # fmt: skip
_DAYS = {"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}
_LONGEST_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class _Field(NamedTuple):
    name: str
    low: int
    high: int
    names: Mapping[str, int]


_FIELDS = (
    _Field("minute", 0, 59, {}),
    _Field("hour", 0, 23, {}),
    _Field("day of the month", 1, 31, {}),
    _Field("month", 1, 12, _MONTHS),
    _Field("weekday", 0, 7, _DAYS),
)


@dataclass(frozen=True, slots=True)
class Cron:
    """What the five fields mean: weekdays from 0, Sunday, to 6.

    `is_either`: a day fits by its number or by its weekday. `is_wall`: it goes by the clock on the wall.
    """

    text: str
    minutes: frozenset[int] = field(repr=False)
    hours: frozenset[int] = field(repr=False)
    days: frozenset[int] = field(repr=False)
    months: frozenset[int] = field(repr=False)
    weekdays: frozenset[int] = field(repr=False)
    is_either: bool = field(repr=False)
    is_wall: bool = field(repr=False)

    def has_day(self, day: dt.date) -> bool:
        """Whether anything happens on this day."""
        if day.month not in self.months:
            return False
        by_number, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return by_number or by_weekday if self.is_either else by_number and by_weekday

    def meets(self, local: dt.datetime) -> bool:
        """Whether it happens in this minute of a wall clock."""
        return local.minute in self.minutes and local.hour in self.hours and self.has_day(local)


def cron(text: str) -> Cron:
    """The five fields; ValueError with the reason, and an example, for anything else.

    >>> cron("0 8 * * mon-fri").weekdays == cron("0 8 * * 1-5").weekdays == {1, 2, 3, 4, 5}
    True
    >>> cron("0 25 * * *")
    Traceback (most recent call last):
    ValueError: the hour "25" is not within 0 to 23; an example is "30 7 * * 1-5": half past seven from Monday to Friday
    """
    words = text.split()
    if len(text) > LONGEST or len(words) != len(_FIELDS):
        reason = "a macro is not taken, five fields are" if text.startswith("@") else "there are five fields"
        raise _wrong(f"{reason}: minute, hour, day of the month, month, weekday")
    minutes, hours, days, months, weekdays = (
        frozenset(_numbers(word, about)) for word, about in zip(words, _FIELDS, strict=True)
    )
    is_either = not words[2].startswith("*") and not words[4].startswith("*")
    if not is_either and not any(day <= _LONGEST_MONTH[month - 1] for month in months for day in days):
        raise _wrong(f'no month of "{words[3]}" has a day "{words[2]}"')
    is_wall = words[0].startswith("*") or words[1].startswith("*")
    weekdays = frozenset(day % 7 for day in weekdays)
    return Cron(" ".join(words), minutes, hours, days, months, weekdays, is_either, is_wall)


def upcoming(cron: Cron, zone: dt.tzinfo, after: dt.datetime) -> Iterator[dt.datetime]:
    """The instants after `after` (aware) at which it happens, in UTC and in their order, as far as the horizon."""
    at = after.astimezone(dt.UTC).replace(second=0, microsecond=0)
    end, local = at + HORIZON, at.astimezone(zone)
    while at < end:
        before, was = at, local
        at, local = _next_look(cron, zone, at, local)
        is_repeated = local.fold == 1 and not cron.is_wall
        is_made_up_for = not cron.is_wall and _skips(cron, was, local, at - before)
        if is_made_up_for or (cron.meets(local) and not is_repeated):
            yield at


def following(cron: Cron, zone: dt.tzinfo, after: dt.datetime) -> dt.datetime | None:
    """The first instant after `after` at which it happens, in UTC; None where it never does.

    >>> from zoneinfo import ZoneInfo
    >>> night = dt.datetime(2027, 3, 27, 23, tzinfo=dt.UTC)
    >>> following(cron("30 2 * * *"), ZoneInfo("Europe/Rome"), night)  # 02:30 is skipped, 03:00 comes instead
    datetime.datetime(2027, 3, 28, 1, 0, tzinfo=datetime.timezone.utc)
    """
    return next(upcoming(cron, zone, after), None)


# Reading -----------------------------------------------------------------------------------------


def _wrong(reason: str) -> ValueError:
    return ValueError(f"{reason}; {EXAMPLE}")


def _numbers(word: str, about: _Field) -> Iterator[int]:
    """The numbers that one field names: a list of *, a number, a range, the latter two or * with a step."""
    for piece in word.split(","):
        body, slash, step = piece.partition("/")
        first, last = _range(body, about, has_step=bool(slash))
        every = _number(step, about._replace(name="step of the " + about.name, low=1, names={})) if slash else 1
        yield from range(first, last + 1, every)


def _range(body: str, about: _Field, *, has_step: bool) -> tuple[int, int]:
    if body == "*":
        return about.low, 6 if about.names is _DAYS else about.high
    low, dash, high = body.partition("-")
    first = _number(low, about)
    if has_step and not dash:
        raise _wrong(f'"{body}/" steps without a range: write {first}-{about.high}/ or */')
    last = _number(high, about) if dash else first
    if about.names is _DAYS and last == 0 and dash:
        last = 7  # up to Sunday
    if last < first:
        raise _wrong(f'the {about.name} "{body}" runs backwards')
    return first, last


def _number(word: str, about: _Field) -> int:
    named = about.names.get(word.lower())
    if named is not None:
        return named
    if word.isascii() and word.isdigit() and len(word) < 4 and about.low <= int(word) <= about.high:
        return int(word)
    names = f" or {', '.join(about.names)}" if about.names else ""
    raise _wrong(f'the {about.name} "{word[:20]}" is not within {about.low} to {about.high}{names}')


# Walking -----------------------------------------------------------------------------------------


def _next_look(cron: Cron, zone: dt.tzinfo, at: dt.datetime, local: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """The next instant to be looked at, with its wall clock: nothing happens in between.

    Where the wall clock is set in between it is the end of the hour, or else the next minute.
    """
    for minutes in (_idle(cron, local), 60 - local.minute):
        later = at + minutes * _MINUTE
        wall = later.astimezone(zone)
        if wall.utcoffset() == local.utcoffset():
            return later, wall
    return at + _MINUTE, (at + _MINUTE).astimezone(zone)


def _idle(cron: Cron, local: dt.datetime) -> int:
    """So many minutes of the wall clock does nothing happen from here on, at least; the last of them may be it."""
    to_next_hour = 60 - local.minute
    if not cron.has_day(local):
        return (_LATE - local.hour) * 60 - local.minute if local.hour < _LATE else to_next_hour
    if local.hour not in cron.hours:
        return to_next_hour
    return min((minute - local.minute for minute in cron.minutes if minute > local.minute), default=to_next_hour)


def _skips(cron: Cron, was: dt.datetime, now: dt.datetime, took: dt.timedelta) -> bool:
    """Whether the wall clock was set forward between the two over a minute at which it happens."""
    skipped = now.replace(tzinfo=None) - was.replace(tzinfo=None) - took
    if not dt.timedelta(0) < skipped <= MOST_SKIPPED:
        return False
    first = was.replace(tzinfo=None) + _MINUTE
    return any(cron.meets(first + minute * _MINUTE) for minute in range(skipped // _MINUTE))
