"""A process that runs for years on a small machine holds no memory that it does not use."""

from __future__ import annotations

import ctypes

_ARENAS, _TRIM = -8, -1
"""M_ARENA_MAX and M_TRIM_THRESHOLD, as glibc's malloc.h has them."""
_MOST_ARENAS = 2
_KEPT_BYTES = 128 * 1024


def be_thrifty() -> bool:
    """Let all threads share two heaps that give back what is free at their end; whether this C library can.

    glibc gives each thread a heap of its own, and a dozen threads that each load a model or decode a picture once keep
    what they freed: 25 to 35 MiB here (mallopt(3)). To be called before there are threads.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # musl has no such thing, and needs none
        return False
    return bool(mallopt(_ARENAS, _MOST_ARENAS) and mallopt(_TRIM, _KEPT_BYTES))
