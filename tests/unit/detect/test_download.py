"""Downloads from a real server on loopback that breaks off, lies, or is not there."""

from __future__ import annotations

import fcntl
import hashlib
from pathlib import Path

import pytest
from fetching import CONTENT, serving, spec

from smartlogd.base.errors import DiskTrouble, ServiceAway, UnusableInput
from smartlogd.detect.catalogue import Address
from smartlogd.detect.download import download

SPEC = spec()


def part(folder: Path, address: Address) -> Path:
    """Where what came of a broken download from `address` is kept."""
    return folder / f"{SPEC.file}.{hashlib.sha256(address.url.encode()).hexdigest()[:8]}.part"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_model_comes_whole_and_tells_how_far_it_is(tmp_path: Path) -> None:
    told: list[int] = []
    with serving() as server:
        path = download(SPEC, server.address, tmp_path, told.append)
    assert path.read_bytes() == CONTENT
    assert told == sorted(told)
    assert told[-1] == len(CONTENT)
    assert names(tmp_path) == [SPEC.file]


def test_a_download_that_broke_off_goes_on_from_there(tmp_path: Path) -> None:
    with serving(behaviour="breaks off once") as server:
        download(SPEC, server.address, tmp_path, lambda _: None)
        assert server.asked == [None, f"bytes={len(CONTENT) // 2}-"]
    assert names(tmp_path) == [SPEC.file]


def test_what_came_in_an_earlier_attempt_is_not_asked_for_again(tmp_path: Path) -> None:
    with serving() as server:
        part(tmp_path, server.address).write_bytes(CONTENT[:1000])
        download(SPEC, server.address, tmp_path, lambda _: None)
        assert server.asked == ["bytes=1000-"]
    assert (tmp_path / SPEC.file).read_bytes() == CONTENT


def test_a_server_that_always_breaks_off_is_given_up_and_the_part_is_kept(tmp_path: Path) -> None:
    with serving(behaviour="breaks off") as server, pytest.raises(ServiceAway, match="broke off") as away:
        download(SPEC, server.address, tmp_path, lambda _: None)
    assert "goes on from there" in away.value.hint
    (kept,) = tmp_path.iterdir()
    assert kept == part(tmp_path, server.address)
    assert CONTENT.startswith(kept.read_bytes())


def test_a_server_without_ranges_is_read_from_the_beginning(tmp_path: Path) -> None:
    with serving(behaviour="ignores range") as server:
        part(tmp_path, server.address).write_bytes(b"x" * 1000)
        download(SPEC, server.address, tmp_path, lambda _: None)
    assert (tmp_path / SPEC.file).read_bytes() == CONTENT


def test_a_server_that_refuses_the_range_is_asked_for_the_whole(tmp_path: Path) -> None:
    with serving(behaviour="no range") as server:
        part(tmp_path, server.address).write_bytes(CONTENT[:1000])
        download(SPEC, server.address, tmp_path, lambda _: None)
        assert server.asked == ["bytes=1000-", None]
    assert names(tmp_path) == [SPEC.file]


@pytest.mark.parametrize("content", [CONTENT[:-1] + b"x", CONTENT + b"x", CONTENT * 20, CONTENT[:-1], b"<html>"])
def test_other_bytes_and_too_many_are_refused_and_not_kept(tmp_path: Path, content: bytes) -> None:
    with serving(content) as server, pytest.raises(UnusableInput, match="one"):
        download(SPEC, server.address, tmp_path, lambda _: None)
    assert names(tmp_path) == []


def test_a_spoilt_part_is_thrown_away_so_that_the_next_attempt_works(tmp_path: Path) -> None:
    with serving() as server:
        part(tmp_path, server.address).write_bytes(b"x" * 1000)
        with pytest.raises(UnusableInput):
            download(SPEC, server.address, tmp_path, lambda _: None)
        download(SPEC, server.address, tmp_path, lambda _: None)
    assert names(tmp_path) == [SPEC.file]


def test_no_such_page_is_told_with_its_address(tmp_path: Path) -> None:
    with serving(behaviour="not found") as server, pytest.raises(ServiceAway, match="404"):
        download(SPEC, server.address, tmp_path, lambda _: None)
    assert names(tmp_path) == []


def test_no_server_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    with serving() as server:
        address = server.address
    with pytest.raises(ServiceAway, match="cannot be reached"):
        download(SPEC, address, tmp_path, lambda _: None)
    assert names(tmp_path) == []


def test_two_processes_do_not_write_one_file(tmp_path: Path) -> None:
    address = Address("http://127.0.0.1:9/")
    with part(tmp_path, address).open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(ServiceAway, match="Another process"):
            download(SPEC, address, tmp_path, lambda _: None)


def test_a_folder_that_cannot_be_written_is_the_disk_s_fault_and_not_the_server_s(tmp_path: Path) -> None:
    with serving() as server:
        part(tmp_path, server.address).mkdir()
        with pytest.raises(DiskTrouble, match="cannot be written"):
            download(SPEC, server.address, tmp_path, lambda _: None)
