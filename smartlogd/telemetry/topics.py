"""Topics: what is said where, and which thing a command is meant for.

Everything of ours stands below `<base>/<device>`, so that a broker's access list can be one line for each device.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["crossing", "behaviour", "sound", "face"]
"""What an event is about: each kind has a topic of its own."""

LINE = "line"
PLAIN = ("snapshot", "sync", "pause", "resume", "reload")
"""Things whose commands may be repeated without harm: their payload is one word."""
GUARDED = ("restart", LINE)
"""Things whose commands carry a time and a nonce."""

_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
_LINE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,63}")
_ESCAPED = re.compile(r"%([0-9A-F]{2})")
_LONGEST = 256
"""Characters of a topic below ours that are looked at: the longest that can be meant has 201."""


@dataclass(frozen=True, slots=True)
class Thing:
    """Something of this device that may be commanded: one of the words above; a line has a name as well."""

    what: str
    name: str = ""

    @property
    def path(self) -> str:
        """Its place below the device's topic.

        >>> Thing("pause").path, Thing("line", "front door").path
        ('pause', 'line/front%20door')
        """
        return f"{self.what}/{escaped(self.name)}" if self.name else self.what


class Topics:
    """The topics of one device.

    >>> topics = Topics("smartlogd", "hall")
    >>> topics.state, topics.event("crossing"), topics.set(Thing("line", "door"))
    ('smartlogd/hall/state', 'smartlogd/hall/event/crossing', 'smartlogd/hall/line/door/set')
    """

    def __init__(self, base: str, device: str) -> None:
        self._root = f"{base}/{device}"
        self._device = device

    @property
    def device(self) -> str:
        """The device's name."""
        return self._device

    @property
    def root(self) -> str:
        """What every topic of this device begins with."""
        return self._root

    @property
    def status(self) -> str:
        """Retained: online, or offline by the last will."""
        return f"{self._root}/status"

    @property
    def state(self) -> str:
        """Retained: the heartbeat."""
        return f"{self._root}/state"

    @property
    def snapshot(self) -> str:
        """The bytes of one JPEG; never retained, so that no face is left at a broker."""
        return f"{self._root}/snapshot"

    @property
    def commands(self) -> tuple[str, ...]:
        """The filters to subscribe to, that commands come in by."""
        return f"{self._root}/+/set", f"{self._root}/{LINE}/+/set"

    @property
    def step(self) -> str:
        """Where one step of a routine is asked for; never retained: a treat is not for whoever comes later."""
        return f"{self._root}/routine/step"

    @property
    def done(self) -> str:
        """Where whoever did a step says how it went."""
        return f"{self._root}/routine/done"

    def event(self, kind: Kind) -> str:
        """Where events of this kind are told."""
        return f"{self._root}/event/{kind}"

    def set(self, thing: Thing) -> str:
        """Where the thing is commanded."""
        return f"{self._root}/{thing.path}/set"

    def state_of(self, thing: Thing) -> str:
        """Retained: how the thing stands, where it has a state (pause, a line)."""
        return f"{self._root}/{thing.path}/state"

    def result(self, thing: Thing) -> str:
        """Where a command to the thing is answered."""
        return f"{self._root}/{thing.path}/result"

    def discovery(self, prefix: str) -> str:
        """Retained, read by Home Assistant: what this device offers. Empty, it takes the device away."""
        return f"{prefix}/device/smartlogd_{self._device}/config"

    def thing_of(self, topic: str) -> Thing | None:
        """The thing that a command on this topic is meant for; None where there is no such thing.

        A line is known by its name spelt as we spell it, and by no other spelling of it.

        >>> Topics("smartlogd", "hall").thing_of("smartlogd/hall/line/front%20door/set")
        Thing(what='line', name='front door')
        """
        below = topic[len(self._root) + 1 :]
        if len(below) > _LONGEST or topic != f"{self._root}/{below}" or not below.endswith("/set"):
            return None
        what, _, spelt = below.removesuffix("/set").partition("/")
        if what == LINE:
            return _line(spelt)
        return Thing(what) if below == f"{what}/set" and what in (*PLAIN, *GUARDED) else None


def birth(prefix: str) -> str:
    """Where Home Assistant says "online" once it has started, and wants to be told everything again."""
    return f"{prefix}/status"


def escaped(name: str) -> str:
    """A name as one level of a topic: whatever is not a letter, a digit, _ or - is percent-encoded.

    >>> escaped("back door/2")
    'back%20door%2F2'
    """
    spelt = (letter if letter in _SAFE else _percent(letter) for letter in name)
    return "".join(spelt)


def _percent(letter: str) -> str:
    return "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "replace"))


def _line(spelt: str) -> Thing | None:
    """The line of this spelling, if a line can be called so."""
    name = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), spelt)
    is_ours = _LINE_NAME.fullmatch(name) is not None and escaped(name) == spelt
    return Thing(LINE, name) if is_ours else None
