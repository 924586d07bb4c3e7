"""Commands: what comes in by the broker, read with suspicion.

A message is input from outside: it is measured before it is parsed, every word of it is looked at, and whatever is
not exactly a command is refused with a sentence. Nothing of it becomes a path, a shell word or a query.

Commands that may be repeated without harm are one word. The others (`restart`, a line) are JSON with the time at
which they were asked for and a nonce that is never taken twice, so that nobody can record one and play it again.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn, TypeGuard

from smartlogd.base.health import Command
from smartlogd.base.known import Json, Side
from smartlogd.base.time import Stamp
from smartlogd.telemetry.topics import LINE, Thing, Topics

LONGEST_BYTES = 8192
"""Bytes of a payload that are looked at."""
OLDEST_S = 60.0
"""How long ago, by a trusted clock, a command may have been asked for; and how far ahead the asker's clock may be."""
KEEP_NONCES_S = 120.0
"""How long a nonce is kept at least: one from the farthest future that is taken stays young for as long."""
MOST_NONCES = 1024

_NONCE = re.compile(r"[A-Za-z0-9_-]{8,64}")
_LONGEST_WORD = 16
_LONGEST_TIME = 40
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_LAST_SECOND = 253_402_300_799
"""The end of the year 9999, in seconds since 1970."""
_SIDES = frozenset(side.value for side in Side)

_PRESSED = frozenset({b"", b"PRESS"})
_WORDS: Mapping[str, Mapping[bytes, str]] = {
    "snapshot": dict.fromkeys(_PRESSED, "snapshot"),
    "sync": dict.fromkeys(_PRESSED, "sync"),
    "reload": dict.fromkeys(_PRESSED, "reload"),
    "pause": {b"ON": "pause", b"PRESS": "pause", b"OFF": "resume"},
    "resume": {b"ON": "resume", b"PRESS": "resume"},
}
"""Which word, said to which thing, means what. An empty message is what a broker sends when a retained one is deleted:
it opens no camera."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message is no command, in one sentence. `thing` is who should have obeyed; None where there is nobody."""

    why: str
    thing: Thing | None = None


class _Unmeant(Exception):
    """A message that is no command; its text is the sentence why."""


class Commands:
    """What messages ask for. `began` is when the daemon began: what was asked for before it is not obeyed again."""

    def __init__(self, topics: Topics, *, began: Stamp | None = None) -> None:
        self._topics = topics
        self._began = began
        self._nonces: dict[str, int] = {}

    def read(self, topic: str, payload: bytes, *, is_retained: bool, now: Stamp) -> Command | Refusal:
        """The command that a message is, or why it is none. Never raises.

        A nonce counts as used as soon as its message is whole and in time, whatever becomes of the command.
        """
        thing = self._topics.thing_of(topic)
        if thing is None:
            return Refusal("There is nothing here that is commanded on this topic.")
        try:
            return self._read(thing, payload, now, is_retained=is_retained)
        except _Unmeant as refused:
            return Refusal(str(refused), thing)

    def _read(self, thing: Thing, payload: bytes, now: Stamp, *, is_retained: bool) -> Command:
        if is_retained:
            raise _Unmeant("A retained message is no command: it would be obeyed again after every connection.")
        if len(payload) > LONGEST_BYTES:
            raise _Unmeant(f"The message has {len(payload)} bytes; {LONGEST_BYTES} are the most.")
        if thing.what in _WORDS:
            return _word(thing.what, payload)
        said = _parsed(payload)
        arguments = _line(thing.name, said) if thing.what == LINE else _nothing_more(said)
        self._admit(said, now)
        return Command(thing.what, arguments)

    def _admit(self, said: Mapping[str, object], now: Stamp) -> None:
        """Take the message's nonce, if it is new and the message neither old nor of the future."""
        asked, nonce = _instant(said.get("time")), said.get("nonce")
        if not isinstance(nonce, str) or not _NONCE.fullmatch(nonce):
            raise _Unmeant('"nonce" must be 8 to 64 letters, digits, _ or -.')
        if now.trusted:
            self._check_age(asked, now)
        if nonce in self._nonces:
            raise _Unmeant("This nonce was used before.")
        if len(self._nonces) >= MOST_NONCES:
            self._forget(now)
        self._nonces[nonce] = now.mono_ns

    def _check_age(self, asked: dt.datetime, now: Stamp) -> None:
        age_s = (now.utc - asked).total_seconds()
        if age_s > OLDEST_S:
            raise _Unmeant(f"It was asked for more than {OLDEST_S:.0f} s ago.")
        if age_s < -OLDEST_S:
            raise _Unmeant(f"It is dated more than {OLDEST_S:.0f} s ahead; the clocks do not agree.")
        if self._began is not None and age_s > now.since(self._began):
            raise _Unmeant("It was asked for before this daemon started.")

    def _forget(self, now: Stamp) -> None:
        """Make room among the nonces: only those go whose messages would be too old by now."""
        kept_ns = KEEP_NONCES_S * 1e9
        self._nonces = {nonce: at_ns for nonce, at_ns in self._nonces.items() if now.mono_ns - at_ns <= kept_ns}
        if len(self._nonces) >= MOST_NONCES:
            raise _Unmeant(f"More than {MOST_NONCES} commands came within {KEEP_NONCES_S:.0f} s; wait a while.")


def _word(what: str, payload: bytes) -> Command:
    meant = _WORDS[what].get(payload) if len(payload) <= _LONGEST_WORD else None
    if meant is None:
        known = ", ".join(sorted(word.decode() or "an empty message" for word in _WORDS[what]))
        raise _Unmeant(f"That is no command; {what} knows {known}.")
    return Command(meant)


def _parsed(payload: bytes) -> Mapping[str, object]:
    """The JSON object that the payload is; no key twice, no NaN."""
    try:
        said = json.loads(payload.decode("utf-8"), object_pairs_hook=_single, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise _Unmeant("The message is no JSON of a form that can be meant.") from None
    if not isinstance(said, dict):
        raise _Unmeant('The message must be a JSON object with "time" and "nonce".')
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
    _only_known(said, frozenset())
    return {}


def _line(name: str, said: Mapping[str, object]) -> Mapping[str, Json]:
    """The arguments of a command to a line: whether it counts, where it lies, which side is its inside."""
    _only_known(said, frozenset(_ARGUMENTS))
    given: dict[str, Json] = {key: read(key, said[key]) for key, read in _ARGUMENTS.items() if key in said}
    if not given:
        raise _Unmeant(f"The message must give at least one of {', '.join(_ARGUMENTS)}.")
    return {"name": name, **given}


def _only_known(said: Mapping[str, object], known: frozenset[str]) -> None:
    if not said.keys() <= {"time", "nonce", *known}:
        raise _Unmeant(f"The message may hold nothing but {', '.join(['time', 'nonce', *sorted(known)])}.")


def _instant(value: object) -> dt.datetime:
    """When it was asked for: ISO 8601 with its offset, or seconds since 1970."""
    if _is_number(value):
        if 0 <= value <= _LAST_SECOND:
            return _EPOCH + dt.timedelta(seconds=value)
    elif isinstance(value, str) and len(value) <= _LONGEST_TIME:
        instant = _read_iso(value)
        if instant is not None and instant.tzinfo is not None:
            return instant
    raise _Unmeant('"time" must be ISO 8601 with its offset from UTC, or seconds since 1970.')


def _read_iso(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return None


def _is_number(value: object) -> TypeGuard[int | float]:
    """Whether it is a number that stands for something; true, false and infinity are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -_LAST_SECOND <= value <= _LAST_SECOND


def _truth(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _Unmeant(f'"{key}" must be true or false.')
    return value


def _point(key: str, value: object) -> list[Json]:
    """Two fractions of the picture, as the settings have them."""
    if not isinstance(value, list) or len(value) != 2 or not all(_is_number(one) and 0 <= one <= 1 for one in value):
        raise _Unmeant(f'"{key}" must be two numbers from 0 to 1, fractions of the picture.')
    return [float(one) for one in value]


def _side(key: str, value: object) -> str:
    if not isinstance(value, str) or value not in _SIDES:
        raise _Unmeant(f'"{key}" must be one of {", ".join(sorted(_SIDES))}.')
    return value


_ARGUMENTS: Mapping[str, Callable[[str, object], Json]] = {
    "counting": _truth,
    "start": _point,
    "end": _point,
    "inside": _side,
}
"""What a command to a line may say of it, and who looks at it."""
