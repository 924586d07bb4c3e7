from __future__ import annotations

import datetime as dt

from smartlogd.base.seen import Packet
from smartlogd.base.time import Stamp
from smartlogd.capture.latest import Latest
from smartlogd.capture.wire import Notice

AT = Stamp(0, dt.datetime(2026, 1, 1, tzinfo=dt.UTC), trusted=True)


def packet(number: int, size: int = 1, *, is_key: bool = False) -> Packet:
    return Packet(float(number), is_key, "h264", b"x" * size)


def notice(seq: int, *packets: Packet) -> Notice:
    return Notice(seq, AT, 480, 640, packets)


def test_the_newest_is_taken_once() -> None:
    latest = Latest()
    latest.put(notice(0))
    latest.put(notice(1))
    assert latest.take() == (notice(1), ())
    assert latest.take() is None


def test_what_a_newer_one_replaced_is_counted() -> None:
    latest = Latest()
    for seq in range(5):
        latest.put(notice(seq))
    latest.take()
    latest.put(notice(5))
    latest.take()
    assert latest.dropped == 4


def test_the_packets_of_replaced_pictures_are_kept_in_order() -> None:
    latest = Latest()
    latest.put(notice(0, packet(0), packet(1)))
    latest.put(notice(1))
    latest.put(notice(2, packet(2)))
    assert latest.take() == (notice(2, packet(2)), (packet(0), packet(1), packet(2)))


def test_a_picture_overwritten_while_it_was_read_leaves_its_packets_to_the_next() -> None:
    latest = Latest()
    latest.put(notice(0, packet(0), packet(1)))
    _, packets = latest.take()
    latest.put(notice(1, packet(2)))
    latest.keep(packets)
    assert latest.take() == (notice(1, packet(2)), (packet(0), packet(1), packet(2)))
    assert latest.dropped == 1


def test_packets_nobody_takes_do_not_fill_the_memory() -> None:
    latest = Latest()
    for seq in range(40):
        latest.put(notice(seq, packet(seq, 1024 * 1024, is_key=seq % 5 == 0)))
    _, packets = latest.take()
    assert [round(one.pts_s) for one in packets] == list(range(25, 40))
    for seq in range(2000):
        latest.put(notice(seq, packet(seq, is_key=seq % 50 == 0)))
    _, packets = latest.take()
    assert len(packets) == 600
    assert packets[-1].pts_s == 1999


def test_what_is_cleared_is_given_to_nobody() -> None:
    latest = Latest()
    latest.put(notice(1, packet(1)))
    latest.clear()
    assert latest.take() is None
    latest.put(notice(2, packet(2)))
    assert latest.take() == (notice(2, packet(2)), (packet(2),))


def test_what_builds_upon_a_packet_that_went_is_not_kept_either() -> None:
    latest = Latest()
    for seq in range(20):
        latest.put(notice(seq, packet(seq, 1024 * 1024, is_key=seq == 0)))
    latest.put(notice(20, packet(20, is_key=True), packet(21)))
    _, packets = latest.take()
    assert [round(one.pts_s) for one in packets] == [20, 21]
