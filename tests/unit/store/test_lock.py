from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from smartlogd.base.errors import DiskTrouble, Exit, Fate
from smartlogd.store.lock import LOCK, FolderLock

HOLDER = """
import sys
from pathlib import Path
from smartlogd.store.lock import FolderLock
lock = FolderLock.take(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_the_second_writer_is_told_the_pid_of_the_first(tmp_path: Path) -> None:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], **pipes) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(DiskTrouble, match=rf"\(pid {holder.pid}\) already writes") as caught:
            FolderLock.take(tmp_path)
        assert (caught.value.code, caught.value.fate) == (Exit.CANNOT_CREATE, Fate.FATAL)
        holder.kill()
    FolderLock.take(tmp_path).release()  # a killed process leaves nothing to clean up


def test_a_lock_can_be_taken_again_once_it_is_given_back(tmp_path: Path) -> None:
    for _ in range(2):
        lock = FolderLock.take(tmp_path)
        assert (tmp_path / LOCK).read_text() == f"{os.getpid()}\n"
        lock.release()
        lock.release()


def test_the_lock_is_for_its_owners_eyes_only(tmp_path: Path) -> None:
    lock = FolderLock.take(tmp_path)
    assert (tmp_path / LOCK).stat().st_mode & 0o777 == 0o600
    lock.release()


def test_a_folder_that_is_gone_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(DiskTrouble, match="cannot be opened"):
        FolderLock.take(tmp_path / "none")
