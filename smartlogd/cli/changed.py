"""What the commands of people and of strangers have in common: making a change, telling of it, asking first."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    import datetime as dt


def state_of(config: Path | None) -> Path:
    """The state folder that the settings name."""
    from smartlogd.settings import read_settings

    return read_settings(config).folders().state


def made(config: Path | None, what: str, **arguments: object) -> Mapping[str, object]:
    """Make a change of people or strangers, by the running daemon or in its place; what it came to."""
    from smartlogd.changing import changed
    from smartlogd.settings import read_settings

    return changed(read_settings(config), what, arguments)


def tell(told: Mapping[str, object], sentence: str, *, as_json: bool) -> None:
    """Say what a change came to, and how to take it back."""
    if as_json:
        typer.echo(json.dumps(told))
        return
    typer.echo(sentence)
    if undo := told.get("undo"):
        typer.echo(f"  Take it back with: {undo}")


def confirmed(question: str, *, yes: bool) -> None:
    """Go on where a person at a terminal says yes, or no person is asked; else leave, with nothing changed."""
    if yes or not sys.stdin.isatty():
        return
    # Not typer.confirm: it writes a space on standard output, where programs read.
    typer.echo(f"{question} [y/N] ", nl=False, err=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        typer.echo("Nothing was changed.", err=True)
        raise typer.Exit(1)


def local(at: dt.datetime | None) -> str:
    """An instant as the log's reader writes it, in local time; never is a dash.

    >>> local(None)
    '-'
    """
    return "-" if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def iso(at: dt.datetime | None) -> str | None:
    """An instant for programs, with its offset from UTC."""
    return None if at is None else at.astimezone().isoformat(timespec="milliseconds")


def times(count: int) -> str:
    """How often, in words.

    >>> times(1), times(2)
    ('once', '2 times')
    """
    return "once" if count == 1 else f"{count} times"
