"""One child process of a live camera, from its start to its certain end."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
import socket
from contextlib import suppress
from multiprocessing.process import BaseProcess

from smartlogd.base.errors import CameraLost
from smartlogd.base.seen import Frame
from smartlogd.capture.child import Errand, serve
from smartlogd.capture.latest import Latest
from smartlogd.capture.slots import Slots
from smartlogd.capture.wire import Fault, Splitter

log = logging.getLogger("smartlogd.capture")

_GRACE_S = 0.6
_KILL_S = 1.0


class Silence(CameraLost):
    """The camera says nothing at all, for as long as was waited."""


class Life(asyncio.Protocol):
    """A running child: what it says is taken in at once, however slowly its frames are taken."""

    def __init__(self, process: BaseProcess, slots: Slots, latest: Latest) -> None:
        self._process = process
        self._slots = slots
        self._latest = latest
        self._splitter = Splitter()
        self._transport: asyncio.BaseTransport | None = None
        self._news = asyncio.Event()
        self._loss: CameraLost | None = None
        self._is_over = False
        self._ending: asyncio.Task[None] | None = None
        self.next_seq = 0

    @property
    def is_ended(self) -> bool:
        """Whether it is being ended, or has been."""
        return self._ending is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio has taken over our end of the socket."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """The child said something."""
        try:
            for message in self._splitter.feed(data):
                if isinstance(message, Fault):
                    self._loss = CameraLost(message.what, message.hint)
                else:
                    self.next_seq = message.seq + 1
                    self._latest.put(message)
        except CameraLost as nonsense:
            self._loss, self._is_over = nonsense, True
        self._news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """The child has hung up, or we have."""
        self._is_over = True
        self._news.set()

    async def newest(self, limit_s: float) -> Frame | None:
        """The newest frame nobody took; None when it was overwritten or this life is being ended.

        Raises Silence when none comes within `limit_s`, and CameraLost when the child ends.
        """
        await asyncio.sleep(0)  # what the socket holds comes first
        taken = self._latest.take()
        if taken is None:
            await self._wait(limit_s)
            taken = self._latest.take()
        if taken is None:
            return None
        notice, packets = taken
        pixels = self._slots.read(notice.seq, notice.height_px, notice.width_px)
        if pixels is None:
            self._latest.keep(packets)
            return None
        return Frame(notice.seq, notice.stamp, pixels, packets, pts_s=notice.pts_s)

    async def _wait(self, limit_s: float) -> None:
        if self.is_ended:
            return
        if self._is_over:
            raise self._loss or CameraLost("The camera's process ended.", "It is started again.")
        self._news.clear()
        try:
            async with asyncio.timeout(limit_s):
                await self._news.wait()
        except TimeoutError as silence:
            raise Silence(
                f"The camera gave no picture for {limit_s:g} s.", "Check its cable, power and network."
            ) from silence

    async def end(self, *, gently: bool) -> None:
        """Hang up and make sure that the child and what it started are gone; whoever calls again waits for that too."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._end(gently=gently), name="end the camera's process")
        await asyncio.shield(self._ending)

    async def _end(self, *, gently: bool) -> None:
        self._news.set()
        if self._transport is not None:
            self._transport.close()
        try:
            if gently:
                await _gone(self._process, _GRACE_S)
        finally:
            kill_all(self._process)
        if not await _gone(self._process, _KILL_S):
            log.warning("camera process does not die", extra={"pid": self._process.pid})
            return
        self._process.join()
        self._process.close()


async def begun(errand: Errand, latest: Latest) -> Life:
    """Start a child on its errand. Raises CameraLost when the system has no room for another process."""
    ours, theirs = socket.socketpair()
    try:
        context = multiprocessing.get_context("spawn")
        slots = Slots(context, errand.options.width_px * errand.options.height_px)
        process = context.Process(target=serve, args=(errand, slots, theirs), name="smartlogd-camera", daemon=True)
        _start(process)
    except OSError as full:
        ours.close()
        raise CameraLost("The camera's process cannot be started.", "Is there memory left?") from full
    finally:
        theirs.close()
    try:
        _, life = await asyncio.get_running_loop().create_unix_connection(
            lambda: Life(process, slots, latest), sock=ours
        )
    except BaseException:  # cancelled just now: the child must not outlive the question
        ours.close()
        kill_all(process)
        process.join(_KILL_S)
        raise
    return life


def _start(process: BaseProcess) -> None:
    """Start with Ctrl-C held back, for the child inherits that: the parent alone decides when it ends."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def kill_all(process: BaseProcess) -> None:
    """Kill the child and its whole process group.

    The child must not have been waited for yet: until then its number cannot belong to anyone else.
    """
    if process.pid is None:
        return
    with suppress(ProcessLookupError, PermissionError):  # not yet its own group, or all of it gone
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()


async def _gone(process: BaseProcess, within_s: float) -> bool:
    """Whether the child ends within this time; it is not waited for, and stays a zombie."""
    loop, gone = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(process.sentinel, gone.set)
    try:
        async with asyncio.timeout(within_s):
            await gone.wait()
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(process.sentinel)
    return True
