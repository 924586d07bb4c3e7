"""Commands: what comes in by the broker, read with suspicion.

A message is input from outside: it is measured before it is parsed, every word of it is looked at, and whatever is
not exactly a command is refused with a sentence. Nothing of it becomes a path, a shell word or a query.

Commands that may be repeated without harm are one word. The others (`restart`, a line) are JSON with the time at
which they were asked for and a nonce that is never taken twice, so that nobody can record one and play it again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from smartlogd.base.health import Command
from smartlogd.base.time import Stamp
from smartlogd.telemetry.request import Request, Unmeant, request
from smartlogd.telemetry.topics import Thing, Topics

LONGEST_BYTES = 8192
"""Bytes of a payload that are looked at."""
OLDEST_S = 60.0
"""How long ago, by a trusted clock, a command may have been asked for; and how far ahead the asker's clock may be."""
KEEP_NONCES_S = 120.0
"""How long a nonce is kept at least: one from the farthest future that is taken stays young for as long."""
MOST_NONCES = 1024

_LONGEST_WORD = 16
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
        except Unmeant as refused:
            return Refusal(str(refused), thing)

    def _read(self, thing: Thing, payload: bytes, now: Stamp, *, is_retained: bool) -> Command:
        if is_retained:
            raise Unmeant("A retained message is no command: it would be obeyed again after every connection.")
        if len(payload) > LONGEST_BYTES:
            raise Unmeant(f"The message has {len(payload)} bytes; {LONGEST_BYTES} are the most.")
        if thing.what in _WORDS:
            return _word(thing.what, payload)
        said = request(thing, payload)
        self._admit(said, now)
        return Command(thing.what, said.arguments)

    def _admit(self, said: Request, now: Stamp) -> None:
        """Take the message's nonce, if it is new and the message neither old nor of the future."""
        if now.trusted:
            self._check_age(said.asked, now)
        if said.nonce in self._nonces:
            raise Unmeant("This nonce was used before.")
        if len(self._nonces) >= MOST_NONCES:
            self._forget(now)
        self._nonces[said.nonce] = now.mono_ns

    def _check_age(self, asked: dt.datetime, now: Stamp) -> None:
        age_s = (now.utc - asked).total_seconds()
        if age_s > OLDEST_S:
            raise Unmeant(f"It was asked for more than {OLDEST_S:.0f} s ago.")
        if age_s < -OLDEST_S:
            raise Unmeant(f"It is dated more than {OLDEST_S:.0f} s ahead; the clocks do not agree.")
        if self._began is not None and age_s > now.since(self._began):
            raise Unmeant("It was asked for before this daemon started.")

    def _forget(self, now: Stamp) -> None:
        """Make room among the nonces: only those go whose messages would be too old by now."""
        kept_ns = KEEP_NONCES_S * 1e9
        self._nonces = {nonce: at_ns for nonce, at_ns in self._nonces.items() if now.mono_ns - at_ns <= kept_ns}
        if len(self._nonces) >= MOST_NONCES:
            raise Unmeant(f"More than {MOST_NONCES} commands came within {KEEP_NONCES_S:.0f} s; wait a while.")


def _word(what: str, payload: bytes) -> Command:
    meant = _WORDS[what].get(payload) if len(payload) <= _LONGEST_WORD else None
    if meant is None:
        known = ", ".join(sorted(word.decode() or "an empty message" for word in _WORDS[what]))
        raise Unmeant(f"That is no command; {what} knows {known}.")
    return Command(meant)
