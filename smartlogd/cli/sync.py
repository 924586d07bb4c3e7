"""`smartlogd sync`: how the log reaches the centre; join one, leave it, and see to what waits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from smartlogd.base.errors import Exit, Missing
from smartlogd.cli import dead
from smartlogd.cli.changed import made
from smartlogd.cli.joining import join, leave
from smartlogd.cli.options import AsJson, Config
from smartlogd.cli.standing import lines

if TYPE_CHECKING:
    from smartlogd.settings import Settings

app = typer.Typer(
    help="The way to the centre: how it fares, join one, send what waits.", no_args_is_help=True, rich_markup_mode=None
)
_WELL = ("ok", "sending")
_NO_CENTRE = "An administrator makes an enrolment: smartlogd central add-device. Then here: smartlogd sync join FILE"


@app.command("status")
def status(config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Say what waits to be sent, and how sending fares.

    Without a running daemon, what the database says of it.
    """
    settings = _settings(config)
    _print(_asked(settings, "status") or _standing(settings), as_json=as_json)


@app.command("now")
def now(config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Send what waits and fetch what is new at once.

    Whatever failed before is tried again; it needs a running daemon.

    Exit 69 when the centre cannot be spoken to.
    """
    from smartlogd.control import ask

    state = ask(_settings(config).folders().socket, "sync", what="now")
    _print(state, as_json=as_json)
    if state.get("word") not in _WELL:
        raise typer.Exit(int(Exit.SERVICE_AWAY))


@app.command("pause")
def pause(config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Send and fetch nothing until `resume`.

    Rows wait, also over a restart, and none is lost.
    """
    _steered(config, "pause", "Sending is paused; rows wait. Go on with: smartlogd sync resume", as_json=as_json)


@app.command("resume")
def resume(config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Send and fetch again."""
    _steered(config, "resume", "Sending goes on.", as_json=as_json)


@app.command("backfill")
def backfill(config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Enqueue what was logged before there was a centre.

    The newest goes first, and all of it only when nothing else waits.
    """
    _must_have_joined(_settings(config))
    enqueued = 0
    while True:
        told = made(config, "backfill")
        if not told.get("begun"):
            hint = "Start smartlogd once (`smartlogd run`): what is history is settled then."
            raise Missing("smartlogd has not run since this device joined its centre.", hint)
        step = told.get("enqueued")
        if not isinstance(step, int) or step <= 0:
            break
        enqueued += step
    said = f"{enqueued} rows of history wait to be sent." if enqueued else "All of history is enqueued already."
    typer.echo(json.dumps({"enqueued": enqueued}) if as_json else said)


app.command("join")(join)
app.command("leave")(leave)
app.add_typer(dead.app, name="dead")


def _settings(config: Path | None) -> Settings:
    from smartlogd.settings import read_settings

    return read_settings(config)


def _asked(settings: Settings, what: str) -> Mapping[str, object] | None:
    """The daemon's answer; None where none runs."""
    from smartlogd.control import NobodyAnswers, ask

    try:
        return ask(settings.folders().socket, "sync", what=what)
    except NobodyAnswers:
        return None


def _steered(config: Path | None, what: str, said: str, *, as_json: bool) -> None:
    """Pause or resume, by the running daemon or, for its next start, in its place."""
    settings = _settings(config)
    _must_have_joined(settings)
    told = _asked(settings, what) or made(config, f"sync-{what}")
    typer.echo(json.dumps(told) if as_json else said)


def _must_have_joined(settings: Settings) -> None:
    from smartlogd import wiring

    if wiring.bundle(settings) is None:
        raise Missing("This device has joined no centre.", _NO_CENTRE)


def _standing(settings: Settings) -> Mapping[str, object]:
    """What the database says of the sync while no daemon runs."""
    from smartlogd import wiring
    from smartlogd.base.time import SystemClock
    from smartlogd.cli.standing import at_rest
    from smartlogd.store.sending import standing

    bundle = wiring.bundle(settings)
    return at_rest(standing(settings.folders().state), SystemClock().now().utc, has_centre=bundle is not None)


def _print(state: Mapping[str, object], *, as_json: bool) -> None:
    typer.echo(json.dumps(state) if as_json else lines(state))
