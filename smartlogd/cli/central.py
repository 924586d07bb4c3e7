"""`smartlogd central`: the central database, for whoever administers it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smartlogd.base.errors import Exit, SmartlogError
from smartlogd.cli.census import device_fields, device_rows, gap_lines, state_fields, state_lines
from smartlogd.cli.columns import columns
from smartlogd.cli.options import AsJson

if TYPE_CHECKING:
    from smartlogd.schema.migrate import DatabaseUrl
    from smartlogd.sync.bundle import Bundle
    from smartlogd.sync.central import Prepared
    from smartlogd.sync.enrolment import FleetWork, NewDevice

app = typer.Typer(
    help="The central database: set it up, upgrade it, enrol devices and shut them out. Found by DATABASE_URL.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Where = Annotated[
    str | None,
    typer.Option(metavar="URL", help="The central database, without a password; unless given, $DATABASE_URL or .env."),
]
Fleet = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="The file of the fleet key; unless given, ~/.config/smartlogd/fleet.json."),
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="What the device is called.")]


@app.command("init")
def init(
    url: Where = None,
    fleet_key: Fleet = None,
    shared: Annotated[  # noqa: FBT002
        bool, typer.Option("--shared", help="The database holds tables of others; nothing is taken from them.")
    ] = False,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Make a centre of an empty database.

    It gets tables, functions and rights, and the fleet a key.

    Statements that this login may not run are listed, and it goes on.
    """
    from smartlogd.sync import central

    path = _fleet(fleet_key)
    prepared = central.init(_url(url), path, fleet_work(), shared=shared)
    _tell(prepared, path, "is set up", as_json=as_json)


@app.command("upgrade")
def upgrade(
    url: Where = None,
    fleet_key: Fleet = None,
    restored: Annotated[  # noqa: FBT002
        bool, typer.Option("--restored", help="It comes from a backup: let its devices begin anew.")
    ] = False,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Bring the centre to this version of smartlogd.

    Tables and functions are renewed, and what has opened since is closed.
    """
    from smartlogd.sync import central

    path = _fleet(fleet_key)
    _tell(central.upgrade(_url(url), path, fleet_work(), restored=restored), path, "is up to date", as_json=as_json)


@app.command("add-device")
def add_device(
    name: Name,
    owner: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Whose it is; unless given, the one owner's.")
    ] = None,
    site: Annotated[str | None, typer.Option(metavar="NAME", help="Where it hangs, for reports.")] = None,
    client_certificate: Annotated[  # noqa: FBT002
        bool, typer.Option("--client-certificate", help="It shows a certificate instead of a password.")
    ] = False,
    ca: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Who signed the server's certificate, PEM; else the URL's.")
    ] = None,
    host: Annotated[
        str | None, typer.Option(metavar="HOST[:PORT]", help="Where the device finds the server; else as you do.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the enrolment there, 0600.")] = None,
    again: Annotated[bool, typer.Option("--again", help="It is enrolled; give it a new secret.")] = False,  # noqa: FBT002
    url: Where = None,
    fleet_key: Fleet = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Enrol a device, and print its enrolment once.

    It is JSON, for `smartlogd sync join` on the device.

    Whoever has it can speak as the device: hand it over like a password.
    """
    from smartlogd.sync import address, central, enrolment
    from smartlogd.sync.administrator import opened

    made = _url(url)
    wanted = enrolment.NewDevice(
        name=_named(name),
        url=address.for_devices(made, host),
        owner=_bounded(owner, 320, "--owner"),
        site=_bounded(site, 64, "--site"),
        by_certificate=client_certificate,
        ca=address.authority(made, ca),
        again=again,
    )
    _free(out)
    with opened(made) as connection:
        bundle = enrolment.add_device(connection, wanted, _fleet(fleet_key), central.centre(connection), fleet_work())
    _hand_over(bundle, wanted, out, as_json=as_json)


@app.command("revoke")
def revoke(name: Name, url: Where = None, fleet_key: Fleet = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Shut a device out, and turn the fleet key.

    What is sealed from now on is closed to it.

    Its rows stay. The other devices fetch the new key by themselves.
    """
    from smartlogd.sync import central, enrolment
    from smartlogd.sync.administrator import opened

    with opened(_url(url)) as connection:
        done = enrolment.revoke(connection, _named(name), _fleet(fleet_key), central.centre(connection), fleet_work())
    if as_json:
        keys = {"rewrapped": done.rewrapped.done, "closed": done.rewrapped.closed}
        typer.echo(json.dumps({"device": name, "login": done.login, "sessions_ended": done.sessions_ended, **keys}))
        return
    typer.echo(f"{name} is shut out{f', its login {done.login} dropped' if done.login else ''}.")
    if not done.sessions_ended:
        typer.echo("Its sessions could not be ended by this login; they may do nothing any more.")
    typer.echo(f"The fleet has a new key; {done.rewrapped.done} keys of people are wrapped by it.")
    if done.rewrapped.closed:
        typer.echo(f"{done.rewrapped.closed} keys are opened by no key of the fleet, and stay as they are.")


@app.command("devices")
def devices(url: Where = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Say which devices there are, and how each fares.

    When each was last heard, its version, what it sent, and what was refused.
    """
    from smartlogd.sync import census
    from smartlogd.sync.administrator import opened

    with opened(_url(url)) as connection:
        found = census.devices(connection)
    for device in found if as_json else ():
        typer.echo(json.dumps(device_fields(device)))
    if as_json:
        return
    head = ("name", "site", "owner", "last heard", "version", "rows", "late", "refused", "clock", "state")
    none = "No device is enrolled yet: smartlogd central add-device NAME"
    typer.echo(columns(head, device_rows(found)) if found else none)


@app.command("status")
def status(url: Where = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Say what the centre runs on, and what it holds.

    It also lists what is open to everyone still.
    """
    from smartlogd.sync import census
    from smartlogd.sync.administrator import opened

    with opened(_url(url)) as connection:
        found = census.seen(connection)
    typer.echo(json.dumps(state_fields(found)) if as_json else "\n".join(state_lines(found)))


def _url(given: str | None) -> DatabaseUrl:
    from dotenv import dotenv_values

    from smartlogd.sync.administrator import administrator

    file = dotenv_values(".env", interpolate=False) if Path(".env").is_file() else {}
    return administrator(given, {**file, **os.environ})


def _fleet(given: Path | None) -> Path:
    from smartlogd.sync.keyring import USUAL

    return (given or USUAL).expanduser().absolute()


def fleet_work() -> FleetWork:
    """What the store can do with fleet keys; the rooms do not know each other."""
    from smartlogd.store import fleet
    from smartlogd.sync.enrolment import FleetWork

    return FleetWork(
        new=fleet.fleet_key,
        delivery=fleet.delivery_key,
        wrapped=fleet.fleet_wrapped_for,
        is_under=fleet.is_under,
        rewrapped=fleet.person_key_rewrapped,
    )


def _named(name: str) -> str:
    import re

    from smartlogd.device import NAME

    if not re.fullmatch(NAME, name):
        hint = "Small letters, digits and hyphens, at most 63: the name in the device's own settings."
        raise SmartlogError(f"{name!r} is no name of a device.", hint, code=Exit.USAGE)
    return name


def _bounded(text: str | None, most: int, what: str) -> str | None:
    if text is not None and not (0 < len(text) <= most and text.isprintable()):
        raise SmartlogError(f"{what} must have from 1 to {most} printable characters.", code=Exit.USAGE)
    return text


def _free(out: Path | None) -> None:
    """Refuse a file that is there already before anything is made."""
    if out is not None and (out.exists() or out.is_symlink()):
        raise SmartlogError(
            f"{out} is there already; nothing was changed.", "Name a new file.", code=Exit.CANNOT_CREATE
        )


def _hand_over(bundle: Bundle, wanted: NewDevice, out: Path | None, *, as_json: bool) -> None:
    from smartlogd.sync import private
    from smartlogd.sync.bundle import printed

    if out is None:
        typer.echo(printed(bundle))
    else:
        private.make(out, printed(bundle).encode() + b"\n")
        told = f"{bundle.device} is enrolled; its enrolment is in {out}. On the device: smartlogd sync join {out.name}"
        typer.echo(json.dumps({"device": bundle.device, "file": str(out)}) if as_json else told)
    if bundle.address.is_here:
        typer.echo(f"Only this machine finds the centre at {bundle.address.host}; see --host.", err=True)
    if wanted.by_certificate:
        typer.echo(f"Its certificate must bear the subject {bundle.client_certificate}.", err=True)


def _tell(prepared: Prepared, path: Path, done: str, *, as_json: bool) -> None:
    if as_json:
        fields = {"schema": prepared.version, "was": prepared.was, "rewrapped": prepared.rewrapped.done}
        gaps = [{"what": gap.what, "statements": gap.statements, "advice": gap.is_advice} for gap in prepared.gaps]
        typer.echo(json.dumps({**fields, "made_fleet_key": prepared.made_key, "fleet_key": str(path), "open": gaps}))
        return
    typer.echo(f"The centre {done}: schema {prepared.version}.")
    if prepared.made_key:
        typer.echo(f"The fleet key is in {path}: keep a copy of it elsewhere, and never beside the database.")
    if prepared.rewrapped.done:
        typer.echo(f"{prepared.rewrapped.done} keys of people are wrapped by the newest fleet key now.")
    for line in gap_lines(prepared.gaps):
        typer.echo(line)
