"""What an H.264 stream says of itself: the few bytes of it that we read (ITU-T H.264, 7.3 and annex B)."""

from __future__ import annotations

from collections.abc import Iterator

_SEQUENCE, _PICTURE = 7, 8
_START = b"\x00\x00\x01"
BROWSERS_PROFILES = frozenset({66, 77, 88, 100})
"""Baseline, Main, Extended and High, all 4:2:0 in 8 bits: what every browser decodes."""


def units(data: bytes) -> Iterator[bytes]:
    """The units of an access unit in Annex B, without their start codes."""
    begin = data.find(_START)
    while begin >= 0:
        begin += len(_START)
        end = data.find(_START, begin)
        if unit := data[begin:end].rstrip(b"\0") if end >= 0 else data[begin:]:
            yield unit
        begin = end


def parameters(data: bytes) -> bytes:
    """The parameter sets of a key picture, which say how large it is and how it is coded; empty where it has none.

    >>> parameters(bytes.fromhex("00000001674d40 00000168ee 00000165b8")).hex(" ", 4)
    '00 00000167 4d400000 000168ee'
    """
    sets = (unit for unit in units(data) if unit[0] & 0x1F in (_SEQUENCE, _PICTURE))
    return b"".join(b"\0" + _START + unit for unit in sets)


def is_playable(parameter_sets: bytes) -> bool:
    """Whether a browser decodes a stream that begins so."""
    for unit in units(parameter_sets):
        if unit[0] & 0x1F == _SEQUENCE:
            return len(unit) > 1 and unit[1] in BROWSERS_PROFILES
    return False
