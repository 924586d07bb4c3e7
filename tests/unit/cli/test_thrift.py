"""Memory that threads freed goes back to the system."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

# Threads that each fill and free some memory, as loading a model does; then how much more the process holds.
HUNGRY = """
import ctypes, sys, threading
from smartlogd.cli.thrift import be_thrifty

def held(): return int(open("/proc/self/statm").read().split()[1]) * 4096

if sys.argv[1] == "thrifty":
    assert be_thrifty()
before, c = held(), ctypes.CDLL(None)
c.malloc.restype, c.malloc.argtypes, c.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]

def eat():
    pieces = [c.malloc(60_000) for _ in range(100)]
    for piece in pieces:
        ctypes.memset(piece, 1, 60_000)
    hold = c.malloc(64)
    for piece in pieces:
        c.free(piece)

gate = threading.Barrier(8)
def run():
    gate.wait()
    eat()
    gate.wait()

threads = [threading.Thread(target=run) for _ in range(8)]
[t.start() for t in threads]
[t.join() for t in threads]
print(held() - before)
"""


def held(word: str) -> int:
    done = subprocess.run([sys.executable, "-c", HUNGRY, word], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc gives each thread a heap of its own")
def test_what_threads_freed_is_not_kept() -> None:
    assert held("thrifty") < held("as usual")
