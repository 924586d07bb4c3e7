"""`smartlogd status`: how the daemon fares, once or as it changes."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated

import typer

from smartlogd.base.errors import Exit, SmartlogError
from smartlogd.cli.options import AsJson, Config
from smartlogd.cli.panel import screen
from smartlogd.cli.speech import status_line

WATCH_S = 1.0
"""How often a state that is watched is asked for."""
State = Mapping[str, object]
_SILENT: State = {
    "fps": 0.0, "people": 0, "events": 0, "dropped": 0, "camera": {"status": "opening"}, "journal": {"word": "ok"},
}  # fmt: skip


def status(
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Go on showing it, until Ctrl-C.")] = False,  # noqa: FBT002
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Say how the daemon fares.

    Watched on a terminal, the screen is redrawn each second; elsewhere it is a line a second.
    """
    from smartlogd.control import ask
    from smartlogd.settings import read_settings

    socket = read_settings(config).folders().socket

    def asked() -> State:
        return ask(socket, "status")

    if watch:
        _watched(asked, as_json=as_json)
    else:
        state = asked()
        typer.echo(json.dumps(state) if as_json else screen(state))


def _watched(asked: Callable[[], State], *, as_json: bool) -> None:
    """Show it until Ctrl-C. On a terminal a daemon that goes away is waited for; a program that reads is told."""
    state = asked()
    with contextlib.suppress(KeyboardInterrupt):
        if as_json or not sys.stdout.isatty():
            for newer in _states(state, asked):
                typer.echo(json.dumps(newer) if as_json else _line(newer))
        else:
            _redrawn(screen(state), (_tried(asked) for _ in _seconds()))


def _redrawn(text: str, texts: Iterator[str]) -> None:
    """Draw one text over the other, in the same place."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    def drawn(text: str) -> Text:
        return Text(text, no_wrap=True, overflow="ellipsis")

    with Live(drawn(text), console=Console(highlight=False), auto_refresh=False) as live:
        for newer in texts:
            live.update(drawn(newer), refresh=True)


def _states(state: State, asked: Callable[[], State]) -> Iterator[State]:
    yield state
    for _ in _seconds():
        yield asked()


def _tried(asked: Callable[[], State]) -> str:
    """The screen; the reason where there is no answer."""
    try:
        return screen(asked())
    except SmartlogError as error:
        if error.code is not Exit.SERVICE_AWAY:
            raise
        return f"{error.what}\n{error.hint}".rstrip()


def _line(state: State) -> str:
    """The state on one line, as far as a daemon that is still starting says anything."""
    return status_line({**_SILENT, **state})


def _seconds() -> Iterator[None]:
    """Again and again, a second later each."""
    import threading

    pause = threading.Event()
    while True:
        pause.wait(WATCH_S)
        yield
