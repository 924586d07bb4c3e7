from __future__ import annotations

import multiprocessing
import os
import socket

from smartlogd.base.time import SystemClock
from smartlogd.capture.child import Errand, serve
from smartlogd.capture.options import CaptureOptions
from smartlogd.capture.slots import Slots
from smartlogd.capture.wire import Fault, Message, Notice, Splitter

CONTEXT = multiprocessing.get_context("spawn")
OPTIONS = CaptureOptions(width_px=160, height_px=120)


def said(
    lens: str, count: int, parent: int | None = None, turned: CaptureOptions = OPTIONS
) -> tuple[list[Message], int | None]:
    """The first messages of a child, and the code with which it ended once nobody listened any more."""

    ours, theirs = socket.socketpair()
    job = Errand(f"fake_lenses:{lens}", turned, SystemClock(), 0, parent or os.getpid())
    child = CONTEXT.Process(target=serve, args=(job, Slots(CONTEXT, 160 * 120), theirs))
    child.start()
    theirs.close()
    ours.settimeout(20)
    messages, splitter = [], Splitter()
    with ours:
        while len(messages) < count and (data := ours.recv(65536)):
            messages.extend(splitter.feed(data))
    child.join(10)
    return messages, child.exitcode


def test_a_child_says_each_picture_and_leaves_when_nobody_listens(fake_lenses: str) -> None:
    messages, code = said("steady", 3)
    assert [message.seq for message in messages[:3]] == [0, 1, 2]
    assert (messages[0].height_px, messages[0].width_px) == (120, 160)
    assert code == 0


def test_a_child_whose_driver_hangs_leaves_all_the_same(fake_lenses: str) -> None:
    messages, code = said("hanging", 3)
    assert len(messages) == 3
    assert code == 0


def test_a_child_says_why_it_ends(fake_lenses: str) -> None:
    messages, code = said("unplugged", 4)
    assert [type(message) for message in messages] == [Notice, Notice, Notice, Fault]
    assert messages[-1] == Fault("The camera was unplugged.", "Plug it in.")
    assert code == 0


def test_a_child_whose_parent_is_already_gone_does_not_begin(fake_lenses: str) -> None:
    messages, code = said("steady", 1, parent=1)
    assert messages == []
    assert code == 1


def test_a_camera_whose_pictures_are_turned_gives_no_packets(fake_lenses: str) -> None:
    straight, _ = said("steady", 2)
    turned, _ = said("steady", 2, turned=OPTIONS.model_copy(update={"rotate_deg": 180}))
    assert all(message.packets for message in straight[:2])
    assert [message.packets for message in turned[:2]] == [(), ()]
