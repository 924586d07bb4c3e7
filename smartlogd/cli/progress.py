"""How far a replay, or other long work, has come, on a terminal's standard error; elsewhere nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.progress import Progress

    from smartlogd.base.known import Event
    from smartlogd.base.seen import Frame
    from smartlogd.movement.scene import Scene
    from smartlogd.pipeline import Watcher

_EVERY = 10
"""Frames between two strokes of the bar."""


@contextmanager
def progress(path: Path) -> Iterator[Watcher]:
    """A watcher that draws a bar while `path` is played, when someone sits before it.

    A container seldom says how many frames it has, and some lie; the encoded bytes that have passed
    against the bytes of the file is what always holds.
    """
    if not sys.stderr.isatty():
        yield _unseen
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(path.name, total=path.stat().st_size, note="")
        passed = 0

        def seen(frame: Frame, _scene: Scene, _events: tuple[Event, ...]) -> None:
            nonlocal passed
            passed += sum(len(packet.data) for packet in frame.packets)
            if frame.seq % _EVERY == 0:
                bar.update(task, completed=passed, note=f"{frame.seq} frames, {frame.stamp.mono_ns / 1e9:.0f} s")

        yield seen


def _unseen(_frame: Frame, _scene: Scene, _events: tuple[Event, ...]) -> None:
    """Nobody sits before it."""


class Steps:
    """Work of a known number of steps, told line by line on standard output, with a bar below them on a terminal."""

    def __init__(self, bar: Progress | None) -> None:
        self._bar = bar

    def say(self, text: str) -> None:
        """Print a line that stays."""
        if self._bar is not None and sys.stdout.isatty():
            # Through the bar, which is on the same terminal, so that it is drawn again below the line.
            self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True, emoji=False)
        else:
            typer.echo(text)

    def step(self) -> None:
        """One step is done."""
        if self._bar is not None:
            self._bar.advance(self._bar.task_ids[0])


@contextmanager
def steps(what: str, total: int) -> Iterator[Steps]:
    """Tells the steps of some work, with a bar when someone sits before it."""
    if total < 2 or not sys.stderr.isatty():
        yield Steps(None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # Standard output is left alone: it may be a file.
    with Progress(
        *columns, console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False
    ) as bar:
        bar.add_task(what, total=total)
        yield Steps(bar)
