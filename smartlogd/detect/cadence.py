"""Who gets a closer look in this frame: so many at once, so often, and in turn where they are more."""

from __future__ import annotations

from smartlogd.base.time import Stamp


class Cadence:
    """Chooses by the frames' own stamps, so that a replay chooses as the first time."""

    def __init__(self, every_s: float, most: int) -> None:
        self._every_s, self._most = every_s, most
        self._last: Stamp | None = None
        self._turn = 0

    def chosen(self, count: int, stamp: Stamp | None = None) -> frozenset[int]:
        """The places, in a list of `count`, of those whose turn it is; none where the last time was just now.

        Without a stamp it is always time, and the first have it.
        """
        if stamp is None:
            return frozenset(range(min(count, self._most)))
        if count == 0 or (self._last is not None and 0 <= stamp.since(self._last) < self._every_s):
            return frozenset()
        self._last, first = stamp, self._turn
        if count <= self._most:
            return frozenset(range(count))
        self._turn += self._most
        return frozenset((first + step) % count for step in range(self._most))
