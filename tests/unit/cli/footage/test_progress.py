"""How far a replay has come."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smartlogd.capture.stream import FileCamera
from smartlogd.cli.progress import progress
from smartlogd.movement.scene import Scene

if TYPE_CHECKING:
    from smartlogd.pipeline import Watcher


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


async def shown(path: Path, bar: Watcher) -> None:
    async for frame in FileCamera(path).frames():
        bar(frame, Scene(), ())


async def test_a_bar_is_drawn_on_a_terminals_standard_error_alone(
    there_and_back: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress(there_and_back) as bar:
        await shown(there_and_back, bar)
    assert "there_and_back.mp4" in terminal.getvalue()
    assert capsys.readouterr().out == ""


async def test_nothing_is_drawn_where_nobody_sits_before_it(
    there_and_back: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with progress(there_and_back) as bar:
        await shown(there_and_back, bar)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")
