"""`smartlogd sync join` and `leave`: an enrolment comes into the state folder, and goes again."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smartlogd.base.errors import Missing, UnusableInput, WrongConfiguration
from smartlogd.cli.options import AsJson, Config

if TYPE_CHECKING:
    from smartlogd.settings import Settings
    from smartlogd.sync.bundle import Bundle

_RELOAD = "A running smartlogd takes it over with: smartlogd reload"


def join(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="The enrolment, as `central add-device` printed it.")],
    check: Annotated[  # noqa: FBT002
        bool, typer.Option("--check/--no-check", help="Whether the centre is asked first.")
    ] = True,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Join a centre: check the enrolment, try it, keep it.

    From the next start or reload on, rows are sent there.
    """
    from smartlogd.settings import read_settings
    from smartlogd.sync.bundle import kept, parsed

    settings = read_settings(config)
    bundle = parsed(_text(file))
    _fits(bundle)
    if check:
        tried(settings, bundle)
    path = kept(settings.folders().state, bundle)
    if as_json:
        typer.echo(json.dumps({"joined": bundle.device, "centre": bundle.address.host, "checked": check}))
        return
    said = f"This device is {bundle.device} at {bundle.address.host}"
    typer.echo(f"{said}{', which answers' if check else ''}; its enrolment is kept in {path}.\n{_RELOAD}")


def leave(config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Leave the centre: its enrolment goes, the log stays.

    What waited is kept, should a centre come again.
    """
    from smartlogd import wiring
    from smartlogd.settings import read_settings
    from smartlogd.sync.bundle import left

    settings = read_settings(config)
    had_one = left(settings.folders().state)
    if wiring.bundle(settings) is not None:
        hint = "Remove /etc/credstore/smartlogd-centre as root, and restart the service."
        raise WrongConfiguration("The enrolment is a credential of systemd, and is not ours to remove.", hint)
    if not had_one:
        raise Missing("This device has joined no centre.")
    typer.echo(json.dumps({"left": True}) if as_json else f"The centre is left. {_RELOAD}")


def _text(file: str) -> bytes:
    """What stands in the file, or comes on standard input; not more of it than an enrolment may have."""
    from smartlogd.sync.bundle import MOST_BYTES

    if file == "-":
        return sys.stdin.buffer.read(MOST_BYTES + 1)
    path = Path(file)
    try:
        with path.open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise Missing(f"There is no file {path}.", "`smartlogd central add-device` makes one.") from error
    except OSError as error:
        raise UnusableInput(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from error


def _fits(bundle: Bundle) -> None:
    """Make sure that the fleet key opens with what came beside it."""
    from smartlogd.store.fleet import fleet_opened

    fleet_opened(bundle.wrapped_fleet_key, bundle.opener, bundle.device)


def tried(settings: Settings, bundle: Bundle) -> None:
    """Ask the centre for one row of news; its CentreTrouble says in one sentence what is wrong."""
    import asyncio

    from smartlogd import wiring

    async def ask() -> None:
        centre = wiring.centre(settings, bundle)
        try:
            await centre.pull(0, 1)
        finally:
            await centre.close()

    asyncio.run(ask())
