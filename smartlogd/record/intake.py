"""The packets of a camera become pieces of the ring: on our clock, in runs, beginning at key pictures."""

from __future__ import annotations

from collections import deque

from smartlogd.base.seen import Frame, Packet
from smartlogd.base.time import Stamp
from smartlogd.record.h264 import is_playable, parameters
from smartlogd.record.ring import Piece, Run

_LOOK_BACK_S = 3.0
"""Over so long the least delay between a stream's clock and ours is sought; a network delays some frames more."""
_JUMP_S = 1.0
"""A stream whose clock moves so much against ours begun anew, or stood still."""
STEP_S = 0.5
"""A clock on the wall that moves so much against the monotonic one was set."""
_ABSURD_S = 30.0
"""No picture is shown so long after it was decoded, or before it came."""
_SILENT_S = 5.0
"""Without packets for so long the camera gives none any more."""


class Intake:
    """Takes a camera's packets where a browser can play them: H.264 in one of the usual profiles.

    Another run begins where the stream's clock or its parameters change, where our own clock was set, and after a
    time without packets; each begins with its first key picture.
    """

    def __init__(self) -> None:
        self._run: Run | None = None
        self._sets = b""
        self._offset_s = 0.0
        self._offsets: deque[tuple[float, float]] = deque()
        self._decoded_s: float | None = None
        self._served: Stamp | None = None
        self._last: Stamp | None = None

    @property
    def is_served(self) -> bool:
        """Whether packets come that clips can be made of; else frames are to be encoded here."""
        return self._served is not None

    def taken(self, frame: Frame) -> tuple[Piece, ...]:
        """The pieces that came with this frame."""
        if self._last is not None and stepped_s(self._last, frame.stamp) > STEP_S:
            self._run = None
        self._last = frame.stamp
        if frame.packets:
            self._tune(frame)
        pieces = tuple(piece for packet in frame.packets if (piece := self._piece(packet, frame.stamp)) is not None)
        if pieces:
            self._served = frame.stamp
        elif self._served is not None and frame.stamp.since(self._served) > _SILENT_S:
            self._served = self._run = None
        return pieces

    def _tune(self, frame: Frame) -> None:
        """How far our clock is ahead of the stream's: the least over the last seconds, for delays only add to it."""
        shown_s = max(packet.pts_s for packet in frame.packets) if frame.pts_s is None else frame.pts_s
        now_s = frame.stamp.mono_ns / 1e9
        if self._decoded_s is not None and _decoded_s(frame.packets[0]) < self._decoded_s - _JUMP_S:
            self._offsets.clear()
            self._run = None
        self._offsets.append((now_s, now_s - shown_s))
        while now_s - self._offsets[0][0] > _LOOK_BACK_S:
            self._offsets.popleft()
        offset_s = min(offset for _, offset in self._offsets)
        if abs(offset_s - self._offset_s) > _JUMP_S:
            self._run = None
        self._offset_s = offset_s

    def _piece(self, packet: Packet, now: Stamp) -> Piece | None:
        self._decoded_s = _decoded_s(packet)
        if packet.is_key:
            self._begin(packet)
        if self._run is None:
            return None
        ahead_s = packet.pts_s + self._offset_s - now.mono_ns / 1e9
        if not abs(ahead_s) < _ABSURD_S:  # a broken stream may say any time
            return None
        stamp = now.shifted(ahead_s)
        data = packet.data if not packet.is_key or self._sets in packet.data else self._sets + packet.data
        return Piece(self._run, stamp, packet.pts_s, self._decoded_s, packet.is_key, data)

    def _begin(self, packet: Packet) -> None:
        """Go on with this key picture, or begin another run with it where it tells of another stream."""
        sets = parameters(packet.data) if packet.codec == "h264" else b""
        if self._run is not None and sets in (b"", self._sets):
            return
        self._sets = sets
        self._run = Run("h264", is_ours=False) if is_playable(sets) else None


def stepped_s(before: Stamp, now: Stamp) -> float:
    """By how much the clock on the wall was set between two stamps, whichever way."""
    return abs((now.utc - before.utc).total_seconds() - now.since(before))


def _decoded_s(packet: Packet) -> float:
    """When it is to be decoded; when it is shown, where what the stream says cannot be."""
    dts_s = packet.dts_s
    return packet.pts_s if dts_s is None or not abs(packet.pts_s - dts_s) < _ABSURD_S else dts_s
