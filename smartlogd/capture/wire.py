"""What a camera's process says over its socket, as bytes.

A message is its length, its kind, and its content. A frame's notice names the picture, which itself
lies in shared memory, and carries the packets; a fault is two sentences.
"""

from __future__ import annotations

import datetime as dt
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from smartlogd.base.errors import CameraLost
from smartlogd.base.seen import Packet
from smartlogd.base.time import Stamp

LONGEST_MESSAGE = 32 * 1024 * 1024
_HEAD = struct.Struct("<IB")
_NOTICE = struct.Struct("<qqq?HHHd")
_PACKET = struct.Struct("<dd?8sI")
_FRAME, _FAULT = 1, 2
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Notice:
    """A picture is there: its number, when it was taken, its height and width in pixels, its packets.

    `pts_s` is its place on the packets' own clock, where that is known.
    """

    seq: int
    stamp: Stamp
    height_px: int
    width_px: int
    packets: tuple[Packet, ...] = ()
    pts_s: float | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """The camera cannot go on: one sentence, and what to do about it."""

    what: str
    hint: str


Message: TypeAlias = Notice | Fault


def packed(message: Message) -> bytes:
    """The message as bytes."""
    if isinstance(message, Fault):
        what, hint = message.what.encode()[:4000], message.hint.encode()[:4000]
        return _HEAD.pack(4 + len(what) + len(hint), _FAULT) + struct.pack("<I", len(what)) + what + hint
    body = b"".join(_notice(message))
    return _HEAD.pack(len(body), _FRAME) + body


def _notice(notice: Notice) -> Iterator[bytes]:
    stamp = notice.stamp
    utc_us = (stamp.utc - _EPOCH) // _MICROSECOND
    size = (notice.height_px, notice.width_px)
    yield _NOTICE.pack(
        notice.seq, stamp.mono_ns, utc_us, stamp.trusted, *size, len(notice.packets), _said(notice.pts_s)
    )
    for packet in notice.packets:
        yield _PACKET.pack(packet.pts_s, _said(packet.dts_s), packet.is_key, packet.codec.encode(), len(packet.data))
        yield packet.data


class Splitter:
    """Bytes as they arrive -> whole messages."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that `data` completes. Raises CameraLost for bytes that are none."""
        self._bytes += data
        while len(self._bytes) >= _HEAD.size:
            length, kind = _HEAD.unpack_from(self._bytes)
            if length > LONGEST_MESSAGE:
                raise CameraLost("The camera's process sends nonsense.", "It is started again.")
            if len(self._bytes) < _HEAD.size + length:
                return
            body = bytes(self._bytes[_HEAD.size : _HEAD.size + length])
            del self._bytes[: _HEAD.size + length]
            yield _unpacked(kind, body)


def _unpacked(kind: int, body: bytes) -> Message:
    try:
        return _frame(body) if kind == _FRAME else _fault(body)
    except (struct.error, UnicodeDecodeError) as nonsense:
        raise CameraLost("The camera's process sends nonsense.", "It is started again.") from nonsense


def _frame(body: bytes) -> Notice:
    seq, mono_ns, utc_us, trusted, height_px, width_px, count, shown_s = _NOTICE.unpack_from(body)
    at, packets = _NOTICE.size, []
    for _ in range(count):
        pts_s, dts_s, is_key, codec, size = _PACKET.unpack_from(body, at)
        at += _PACKET.size
        packets.append(Packet(pts_s, is_key, codec.rstrip(b"\0").decode(), body[at : at + size], _heard(dts_s)))
        at += size
    stamp = Stamp(mono_ns, _EPOCH + utc_us * _MICROSECOND, trusted)
    return Notice(seq, stamp, height_px, width_px, tuple(packets), _heard(shown_s))


def _said(seconds: float | None) -> float:
    """Seconds as a number, whatever is not known as none at all."""
    return math.nan if seconds is None else seconds


def _heard(seconds: float) -> float | None:
    return None if math.isnan(seconds) else seconds


def _fault(body: bytes) -> Fault:
    (length,) = struct.unpack_from("<I", body)
    return Fault(body[4 : 4 + length].decode(errors="replace"), body[4 + length :].decode(errors="replace"))
