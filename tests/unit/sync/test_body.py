"""Some bytes of a file on their way."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest

from smartlogd.sync.body import Body, Piece
from smartlogd.sync.bucket_trouble import ObjectsAway


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "a").write_bytes(b"0123456789")
    return tmp_path / "a"


def test_it_is_a_file_of_its_own_within_the_other(file: Path) -> None:
    with Body(Piece(file, 2, 5), threading.Event()) as body:
        assert (len(body), body.readable(), body.seekable(), body.tell()) == (5, True, True, 0)
        assert (body.read(3), body.tell(), body.read(9), body.read(9)) == (b"234", 3, b"56", b"")
        assert (body.seek(0), body.read()) == (0, b"23456")
        assert (body.seek(-2, io.SEEK_END), body.seek(1, io.SEEK_CUR), body.read()) == (3, 4, b"6")
    assert body.closed


def test_a_file_that_became_shorter_is_no_end_but_an_error(file: Path) -> None:
    with Body(Piece(file, 8, 5), threading.Event()) as body:
        assert body.read(4) == b"89"
        with pytest.raises(OSError, match="shorter"):
            body.read(4)


def test_nothing_more_is_read_once_it_is_over(file: Path) -> None:
    over = threading.Event()
    with Body(Piece(file, 0, 5), over) as body:
        assert body.read(2) == b"01"
        over.set()
        with pytest.raises(ObjectsAway, match="stops"):
            body.read(2)
