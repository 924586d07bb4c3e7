"""`smartlogd db`: the log's database: is it whole, copy it, bring it back, save it when it is damaged."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smartlogd.base.errors import Exit, Missing
from smartlogd.cli.mend import repaired, strays
from smartlogd.cli.options import AsJson, Config

if TYPE_CHECKING:
    from smartlogd.cli.speech import Screen
    from smartlogd.settings import Settings
    from smartlogd.store.salvage import Salvage

app = typer.Typer(
    help="The database: check, back up, restore, upgrade, salvage.", no_args_is_help=True, rich_markup_mode=None
)
Copy = Annotated[Path, typer.Argument(metavar="FILE", help="The copy.")]
_NO_KEYS = "The keys of faces are not in it: without them its faces stay closed."


@app.command()
def check(
    repair: Annotated[  # noqa: FBT002
        bool, typer.Option("--repair", help="Bring rows and files of recordings together first, and say how.")
    ] = False,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Say whether the database is whole, and what it promises is so.

    Works beside a running daemon. Exit 74 when something is wrong.

    With [sync.media] the object store is looked at as well; exit 69 when it does not answer.
    """
    from smartlogd.store.check import checked

    settings = _settings(config)
    folder = settings.folders().state
    if repair:
        for done in repaired(config, settings):
            typer.echo(json.dumps({**done, "repaired": True}) if as_json else done["what"])
    with _screen(quiet=as_json) as screen:
        findings = checked(folder, None if as_json else lambda about: _show(screen, f"Looking at {about} ..."))
    for finding in chain(findings, strays(settings)):  # an object store that is away hides nothing that is known here
        fields = {"about": finding.about, "what": finding.what, "grave": finding.grave}
        typer.echo(json.dumps(fields) if as_json else f"{finding.about}: {finding.what}")
    if any(finding.grave for finding in findings):
        raise typer.Exit(int(Exit.DISK))
    if not as_json:
        typer.echo(f"The log in {folder} is whole.")


@app.command()
def backup(file: Copy, config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Write a checked copy, also beside a running daemon.

    A file of that name is replaced when the copy is whole and on the disk.
    """
    from smartlogd.store.backup import back_up

    folder = _settings(config).folders().state
    with _screen(quiet=as_json) as screen:
        _show(screen, "Copying ...")
        made = back_up(folder, file)
    fields = {
        "path": str(made.path),
        "bytes": made.size,
        "events": made.events,
        "passings": made.passings,
        "keys": False,
    }
    size = f"{made.events:,} events, {made.passings:,} passings, {made.size / 1e6:.1f} MB"
    typer.echo(json.dumps(fields) if as_json else f"{made.path}: {size}, checked. {_NO_KEYS}")


@app.command()
def restore(file: Copy, config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Bring a copy back as the log, while no daemon runs.

    The log that was there is set aside; the centre, where there is one, gets again what it may have had.
    """
    from smartlogd.base.time import SystemClock
    from smartlogd.store.backup import restore as bring_back

    folder = _settings(config).folders().state
    with _screen(quiet=as_json) as screen:
        _show(screen, "Checking and copying ...")
        aside = bring_back(folder, file, SystemClock())
    if as_json:
        typer.echo(json.dumps({"restored": str(file), "set_aside": str(aside) if aside else None}))
        return
    typer.echo(f"{file} is the log in {folder} now." + (f" The one before is in {aside}." if aside else ""))


@app.command()
def upgrade(config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Bring the tables to the newest version, after a backup.

    The daemon does it by itself when it starts, without the backup.
    """
    from smartlogd.base.time import SystemClock
    from smartlogd.schema.migrate import head
    from smartlogd.store.backup import brought_up

    folder = _settings(config).folders().state
    done = brought_up(folder, SystemClock())
    if as_json:
        fields = {"from": done[0] if done else head(), "to": head(), "backup": str(done[1]) if done else None}
        typer.echo(json.dumps(fields))
    elif done is None:
        typer.echo(f"The tables have version {head()}, the newest.")
    else:
        typer.echo(f"The tables have version {head()} now, before {done[0]}. A copy from before is {done[1]}.")


@app.command()
def salvage(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR]", help="A database that was set aside; without, the log itself, or the last one."
        ),
    ] = None,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Save what can be read of a damaged database.

    No daemon may run meanwhile.

    Rows that are in the log already are left as they are, so it may be done again.
    """
    settings = _settings(config)
    with _screen(quiet=as_json) as screen:
        aside, saved = _saved(settings, folder, screen)
    if as_json:
        fields = {"saved": dict(saved.saved), "lost_at_most": dict(saved.lost), "placeholders": saved.placeholders}
        typer.echo(json.dumps({"set_aside": str(aside), **fields}))
        return
    typer.echo(f"{saved.told()} What was read stays in {aside}.")


def _saved(settings: Settings, aside: Path | None, screen: Screen | None) -> tuple[Path, Salvage]:
    """The log itself where it is damaged and nothing is named; else what was set aside."""
    from smartlogd.base.time import SystemClock
    from smartlogd.store.mend import mended, merged, newest_aside

    state, device, clock = settings.folders().state, settings.device.name, SystemClock()

    def tell(table: str, rows: int) -> None:
        _show(screen, f"{table}: {rows:,} rows saved ...")

    if aside is None and (rescue := mended(state, device=device, clock=clock, tell=tell)):
        return rescue.aside, rescue.salvage
    found = aside or newest_aside(state)
    if found is None:
        raise Missing(f"The log in {state} is whole, and no damaged one was set aside there.")
    return found, merged(state, found, device=device, clock=clock, tell=tell)


@contextmanager
def _screen(*, quiet: bool) -> Iterator[Screen | None]:
    """A line on a terminal's standard error that says how far it is, taken away at the end."""
    from smartlogd.cli.speech import Screen, log_to_stderr

    screen = Screen(sys.stderr)
    log_to_stderr("warning", screen)
    shown = None if quiet or not screen.is_live else screen
    try:
        yield shown
    finally:
        screen.clear()


def _show(screen: Screen | None, text: str) -> None:
    if screen:
        screen.show(text)


def _settings(config: Path | None) -> Settings:
    from smartlogd.settings import read_settings

    return read_settings(config)
