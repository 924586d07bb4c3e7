"""The newest picture wins; what it replaces is counted."""

from __future__ import annotations

from collections import deque

from smartlogd.base.seen import Packet
from smartlogd.capture.wire import Notice

_MOST_PACKETS = 600
_MOST_BYTES = 16 * 1024 * 1024


class Latest:
    """Holds the newest notice that nobody took yet, and every packet since the last one taken.

    `dropped` counts the pictures that were taken at the lens and replaced before anyone took them from here.
    Packets are kept for clips, up to 600 of them or 16 MiB; the oldest go first, and what builds upon them with them.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._newest: Notice | None = None
        self._packets: deque[Packet] = deque()
        self._bytes = 0
        self._is_broken = False

    def put(self, notice: Notice) -> None:
        """A new picture is there."""
        if self._newest is not None:
            self.dropped += 1
        self._newest = notice
        for packet in notice.packets:
            self._append(packet)
        while self._packets and (len(self._packets) > _MOST_PACKETS or self._bytes > _MOST_BYTES):
            self._drop()

    def _append(self, packet: Packet) -> None:
        if self._is_broken and not packet.is_key:
            return
        self._is_broken = False
        self._packets.append(packet)
        self._bytes += len(packet.data)

    def _drop(self) -> None:
        """Let the oldest group of pictures go: without its beginning nobody can decode the rest of it."""
        self._is_broken = True
        while self._packets and self._is_broken:
            self._bytes -= len(self._packets.popleft().data)
            self._is_broken = not (self._packets and self._packets[0].is_key)

    def take(self) -> tuple[Notice, tuple[Packet, ...]] | None:
        """The newest picture's notice and all packets since the last taken; None when there is nothing new."""
        notice = self._newest
        if notice is None:
            return None
        packets = tuple(self._packets)
        self._newest = None
        self._packets.clear()
        self._bytes = 0
        return notice, packets

    def keep(self, packets: tuple[Packet, ...]) -> None:
        """The picture just taken was overwritten before it was read: count it, and keep its packets."""
        self.dropped += 1
        self._packets.extendleft(reversed(packets))
        self._bytes += sum(len(packet.data) for packet in packets)

    def clear(self) -> None:
        """Forget the picture that nobody took, which nobody will ask for any more, and all packets."""
        self._newest = None
        self._packets.clear()
        self._bytes = 0
