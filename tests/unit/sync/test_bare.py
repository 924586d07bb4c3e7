"""The bare client that an upload is measured against."""

from __future__ import annotations

from pathlib import Path

from canned import canned

from smartlogd.sync.bare import Bare
from smartlogd.sync.credentials import Credentials
from smartlogd.sync.options import MediaOptions
from smartlogd.sync.place import Place


def test_it_puts_the_file_whole_and_says_how_long_it_took(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"film")
    with canned() as server:
        bare = Bare(MediaOptions(bucket="clips", endpoint=server.url), Credentials("key", "hunter2"))
        assert bare.put(tmp_path / "a", Place("clips", "a.mp4")) > 0
        bare.close()
    ((method, path, _, body),) = server.asked
    assert (method, path) == ("PUT", "/clips/a.mp4")
    assert b"film" in body
