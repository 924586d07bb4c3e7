"""The last seconds of encoded video, in memory: whole groups of pictures, bounded in bytes and in time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from smartlogd.base.time import Stamp

_OVERHEAD = 200
"""About what Python keeps beside the bytes of a piece."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A stretch of video in one piece: the same stream, the same size, the same clock.

    `codec` as FFmpeg calls it; `is_ours` where it was encoded here, None of the camera's own.
    """

    codec: str
    is_ours: bool


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One encoded picture: shown at `stamp`, which is ours; `pts_s` and `dts_s` are of the run's own clock."""

    run: Run
    stamp: Stamp
    pts_s: float
    dts_s: float
    is_key: bool
    data: bytes

    @property
    def weight(self) -> int:
        """Bytes of memory that it takes."""
        return len(self.data) + _OVERHEAD


@dataclass(slots=True)
class _Group:
    """A key picture and all that builds upon it; `number` is that of the first, counted over all pieces."""

    number: int
    pieces: list[Piece] = field(default_factory=list)
    weight: int = 0

    @property
    def start_ns(self) -> int:
        return self.pieces[0].stamp.mono_ns


class Ring:
    """Keeps the newest pieces. The oldest group goes when there are too many bytes, or when the next is old enough.

    A group is kept whole or not at all: the middle of one cannot be decoded. So a stream with a key picture every ten
    seconds has up to ten seconds more in here than was asked for, if the bytes allow it; one whose single group is
    larger than all that is allowed has nothing in here until its next key picture.
    """

    def __init__(self, most_bytes: int, most_s: float) -> None:
        self.bounded(most_bytes, most_s)
        self._groups: deque[_Group] = deque()
        self._next = 0
        self._weight = 0
        self._newest: Piece | None = None

    def bounded(self, most_bytes: int, most_s: float) -> None:
        """Keep so much from now on."""
        self._most_bytes, self._most_ns = most_bytes, round(most_s * 1e9)

    @property
    def bytes(self) -> int:
        """Memory that is taken."""
        return self._weight

    @property
    def newest(self) -> Piece | None:
        """The piece that came last."""
        return self._newest if self._groups else None

    @property
    def span_s(self) -> float:
        """Seconds from the oldest piece to the newest."""
        if self._newest is None or not self._groups:
            return 0.0
        return max(0.0, (self._newest.stamp.mono_ns - self._groups[0].start_ns) / 1e9)

    def add(self, piece: Piece) -> None:
        """Keep one more; one that builds upon what is not here is passed over."""
        if piece.is_key:
            self._groups.append(_Group(self._next))
        elif not self._groups or self._groups[-1].pieces[-1].run is not piece.run:
            return
        group = self._groups[-1]
        group.pieces.append(piece)
        group.weight += piece.weight
        self._weight += piece.weight
        self._next += 1
        self._newest = piece
        self._trim(piece.stamp.mono_ns)

    def clear(self) -> None:
        """Forget everything."""
        self._groups.clear()
        self._weight = 0

    def found(self, start_ns: int) -> int | None:
        """The number of the piece from which a clip begins that is to begin then; None where there is none yet.

        Of the camera's own packets the last key picture at or before that, and where none is so old, the first after.
        Of what was encoded here the nearest one, for there they lie close.
        """
        before = next((group for group in reversed(self._groups) if group.start_ns <= start_ns), None)
        after = next((group for group in self._groups if group.start_ns > start_ns), None)
        if before is None or before.pieces[-1].stamp.mono_ns < start_ns:  # it was over by then
            return after.number if after else None
        if after is None or not before.pieces[0].run.is_ours:
            return before.number
        return after.number if after.start_ns - start_ns < start_ns - before.start_ns else before.number

    def since(self, number: int) -> Iterator[tuple[int, Piece]]:
        """The pieces from that number on, or from the oldest that is left, each with its number."""
        for group in tuple(self._groups):
            skip = max(0, number - group.number)
            yield from enumerate(group.pieces[skip:], group.number + skip)

    def _trim(self, now_ns: int) -> None:
        while len(self._groups) > 1 and now_ns - self._groups[1].start_ns >= self._most_ns:
            self._drop()
        while self._groups and self._weight > self._most_bytes:
            self._drop()

    def _drop(self) -> None:
        self._weight -= self._groups.popleft().weight
