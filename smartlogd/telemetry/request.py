"""What a guarded message says: when it was asked for, its nonce, and the arguments. All of it is input from outside."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NoReturn, TypeGuard

from smartlogd.base.known import Json, Side
from smartlogd.telemetry.topics import LINE, Thing

_NONCE = re.compile(r"[A-Za-z0-9_-]{8,64}")
_LONGEST_TIME = 40
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_LAST_SECOND = 253_402_300_799
"""The end of the year 9999, in seconds since 1970."""
_SIDES = frozenset(side.value for side in Side)


class Unmeant(Exception):
    """A message that is no command; its text is the sentence why, and holds nothing of the message."""


@dataclass(frozen=True, slots=True)
class Request:
    """A whole message: when it was asked for (aware), its nonce, and what of the thing."""

    asked: dt.datetime
    nonce: str
    arguments: Mapping[str, Json]


def request(thing: Thing, payload: bytes) -> Request:
    """The request that a payload of bounded size is; Unmeant for anything else.

    >>> request(Thing("line", "door"), b'{"time": 1795327200, "nonce": "0123456789", "counting": false}').arguments
    {'name': 'door', 'counting': False}
    """
    said = parsed(payload, 'with "time" and "nonce"')
    arguments = _line(thing.name, said) if thing.what == LINE else _nothing_more(said)
    return Request(_instant(said.get("time")), _nonce(said.get("nonce")), arguments)


def parsed(payload: bytes, holding: str) -> Mapping[str, object]:
    """The JSON object that the payload, of bounded size, is; no key twice, no NaN. Unmeant for anything else."""
    try:
        said = json.loads(payload.decode("utf-8"), object_pairs_hook=_single, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Unmeant("The message is no JSON of a form that can be meant.") from None
    if not isinstance(said, dict):
        raise Unmeant(f"The message must be a JSON object {holding}.")
    return said


def _single(pairs: list[tuple[str, object]]) -> dict[str, object]:
    said = dict(pairs)
    if len(said) != len(pairs):
        raise ValueError("a key stands there twice")
    return said


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _nothing_more(said: Mapping[str, object]) -> Mapping[str, Json]:
    """No arguments at all."""
    _only_known(said, ())
    return {}


def _line(name: str, said: Mapping[str, object]) -> Mapping[str, Json]:
    """The arguments of a command to a line: whether it counts, where it lies, which side is its inside."""
    _only_known(said, _ARGUMENTS)
    given: dict[str, Json] = {key: read(key, said[key]) for key, read in _ARGUMENTS.items() if key in said}
    if not given:
        raise Unmeant(f"The message must give at least one of {', '.join(_ARGUMENTS)}.")
    return {"name": name, **given}


def _only_known(said: Mapping[str, object], arguments: Iterable[str]) -> None:
    known = ("time", "nonce", *arguments)
    if not said.keys() <= set(known):
        raise Unmeant(f"The message may hold nothing but {', '.join(known)}.")


def _nonce(value: object) -> str:
    if not isinstance(value, str) or not _NONCE.fullmatch(value):
        raise Unmeant('"nonce" must be 8 to 64 letters, digits, _ or -.')
    return value


def _instant(value: object) -> dt.datetime:
    """When it was asked for: ISO 8601 with its offset, or seconds since 1970."""
    if _is_within(value, _LAST_SECOND):
        return _EPOCH + dt.timedelta(seconds=value)
    instant = _read_iso(value) if isinstance(value, str) and len(value) <= _LONGEST_TIME else None
    if instant is None or instant.tzinfo is None:
        raise Unmeant('"time" must be ISO 8601 with its offset from UTC, or seconds since 1970.')
    return instant


def _read_iso(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return None


def _is_within(value: object, most: float) -> TypeGuard[int | float]:
    """Whether it is a number from 0 to `most`; true, false and what is no number are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most


def _truth(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise Unmeant(f'"{key}" must be true or false.')
    return value


def _point(key: str, value: object) -> list[Json]:
    """Two fractions of the picture, as the settings have them."""
    if not isinstance(value, list) or len(value) != 2 or not all(_is_within(one, 1) for one in value):
        raise Unmeant(f'"{key}" must be two numbers from 0 to 1, fractions of the picture.')
    return [float(one) for one in value]


def _side(key: str, value: object) -> str:
    if not isinstance(value, str) or value not in _SIDES:
        raise Unmeant(f'"{key}" must be one of {", ".join(sorted(_SIDES))}.')
    return value


_ARGUMENTS: Mapping[str, Callable[[str, object], Json]] = {
    "counting": _truth,
    "start": _point,
    "end": _point,
    "inside": _side,
}
"""What a command to a line may say of it, and who looks at it."""
