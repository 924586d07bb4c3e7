"""How far a replay has come."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smartlogd.capture.stream import FileCamera
from smartlogd.cli.progress import progress, steps
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


def test_lines_of_steps_go_to_standard_output_and_the_bar_to_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", terminal)
    with steps("photographs", 2) as work:
        work.say("one [bold]line[/bold] :smile:")
        work.step()
    assert "photographs" in terminal.getvalue()
    assert "line" not in terminal.getvalue()
    assert capsys.readouterr().out == "one [bold]line[/bold] :smile:\n"


def test_on_one_terminal_lines_stand_above_the_bar_and_are_left_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(sys, "stdout", terminal)
    with steps("photographs", 2) as work:
        work.say(f"one [bold]line[/bold] :smile: {'x' * 300}")
        work.step()
    assert f"one [bold]line[/bold] :smile: {'x' * 300}\n" in terminal.getvalue()


@pytest.mark.parametrize("total", [0, 1, 5])
def test_without_a_terminal_steps_are_told_and_no_bar_is_drawn(total: int, capsys: pytest.CaptureFixture[str]) -> None:
    with steps("photographs", total) as work:
        work.say("a line")
        work.step()
    said = capsys.readouterr()
    assert (said.out, said.err) == ("a line\n", "")
