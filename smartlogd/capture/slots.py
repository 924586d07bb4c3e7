"""A few pictures in memory that two processes share.

The memory has no name: it is a file that is unlinked as soon as it is made, so the kernel frees it
when the last of the two processes is gone, however it went.
"""

from __future__ import annotations

import ctypes
from multiprocessing.context import SpawnContext

import numpy as np

from smartlogd.base.seen import Pixels

_COUNT = 4
_NOTHING = -1


class Slots:
    """Room for the newest four pictures of at most `largest_px` pixels; one writes, one reads.

    The writer waits for nobody: it goes round, and a picture that it overwrites while it is being
    read is noticed by its number. It can be given to a child as an argument of its process.
    """

    def __init__(self, context: SpawnContext, largest_px: int) -> None:
        self._size = largest_px * 3
        self._bytes = context.RawArray(ctypes.c_uint8, _COUNT * self._size)
        self._seqs = context.RawArray(ctypes.c_int64, [_NOTHING] * _COUNT)

    def write(self, seq: int, pixels: Pixels) -> None:
        """Put picture number `seq` over the oldest one."""
        slot = seq % _COUNT
        self._seqs[slot] = _NOTHING
        np.copyto(self._room(slot, pixels.shape[0], pixels.shape[1]), pixels)
        self._seqs[slot] = seq

    def read(self, seq: int, height_px: int, width_px: int) -> Pixels | None:
        """A read-only copy of picture number `seq`, or None when a newer one has taken its place."""
        slot = seq % _COUNT
        if height_px * width_px * 3 > self._size or self._seqs[slot] != seq:
            return None
        pixels = self._room(slot, height_px, width_px).copy()
        if self._seqs[slot] != seq:
            return None
        pixels.setflags(write=False)
        return pixels

    def _room(self, slot: int, height_px: int, width_px: int) -> Pixels:
        flat = np.frombuffer(memoryview(self._bytes), np.uint8, height_px * width_px * 3, slot * self._size)
        return flat.reshape(height_px, width_px, 3)
