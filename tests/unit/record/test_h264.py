from __future__ import annotations

import pytest
from filmed import coded, raw

from smartlogd.record.h264 import is_playable, parameters, units


def test_the_parameter_sets_of_a_key_picture_are_found() -> None:
    (first, *_) = coded(raw(1))
    sets = parameters(first.packets[0].data)
    assert [unit[0] & 0x1F for unit in units(sets)] == [7, 8]
    assert is_playable(sets)


def test_other_pictures_have_none() -> None:
    frames = coded(raw(1))
    assert parameters(frames[3].packets[0].data) == b""


@pytest.mark.parametrize("pixel_format", ["yuv422p", "yuv444p"])
def test_what_no_browser_decodes_is_not_playable(pixel_format: str) -> None:
    (first, *_) = coded(raw(1), pixel_format=pixel_format)
    assert not is_playable(parameters(first.packets[0].data))


@pytest.mark.parametrize("data", [b"", b"\0\0\0", b"\0\0\1", b"\0\0\1\0\0\1", b"\0\0\1\x67", b"nothing of ours"])
def test_nonsense_is_no_stream(data: bytes) -> None:
    assert not is_playable(data)
    assert not is_playable(parameters(data))
