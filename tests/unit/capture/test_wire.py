from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartlogd.base.errors import CameraLost
from smartlogd.base.seen import Packet
from smartlogd.base.time import Stamp
from smartlogd.capture.wire import LONGEST_MESSAGE, Fault, Notice, Splitter, packed

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

stamps = st.builds(
    Stamp,
    st.integers(0, 2**62),
    st.integers(0, 4 * 10**15).map(lambda us: EPOCH + dt.timedelta(microseconds=us)),
    st.booleans(),
)
packets = st.builds(
    Packet,
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.sampled_from(["h264", "hevc", "mjpeg"]),
    st.binary(max_size=300),
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
)
notices = st.builds(
    Notice,
    st.integers(0, 2**60),
    stamps,
    st.integers(1, 4096),
    st.integers(1, 4096),
    st.lists(packets, max_size=4).map(tuple),
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
)
faults = st.builds(Fault, st.text(max_size=200), st.text(max_size=200))
messages = st.one_of(notices, faults)


@given(st.lists(messages, max_size=5), st.integers(1, 97))
def test_messages_arrive_whole_however_their_bytes_are_cut(sent: list[Notice | Fault], piece: int) -> None:
    data, splitter, got = b"".join(map(packed, sent)), Splitter(), []
    for at in range(0, len(data), piece):
        got.extend(splitter.feed(data[at : at + piece]))
    assert got == sent


def test_half_a_message_is_waited_for() -> None:
    splitter, data = Splitter(), packed(Fault("Gone.", "Look."))
    assert list(splitter.feed(data[:-1])) == []
    assert list(splitter.feed(data[-1:])) == [Fault("Gone.", "Look.")]


@pytest.mark.parametrize(
    "data", [(LONGEST_MESSAGE + 1).to_bytes(4, "little") + b"\1", b"\3\0\0\0\1abc", b"\1\0\0\0\2a"]
)
def test_nonsense_is_a_lost_camera_and_not_a_crash(data: bytes) -> None:
    with pytest.raises(CameraLost):
        list(Splitter().feed(data))
