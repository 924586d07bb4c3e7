"""How far a replay has come, on a terminal's standard error; elsewhere nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
