"""`smartlogd unknown`: strangers who showed a face: who they are, whether to ask about them, who of them are one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smartlogd.base.errors import Exit, SmartlogError
from smartlogd.cli.changed import confirmed, iso, local, made, state_of, tell
from smartlogd.cli.columns import columns
from smartlogd.cli.log import span_s
from smartlogd.cli.options import AsJson, Config

if TYPE_CHECKING:
    from smartlogd.store.people import StrangerSeen

app = typer.Typer(
    help="Strangers who showed a face: list, name, ignore, merge.", no_args_is_help=True, rich_markup_mode=None
)

Uuid = Annotated[
    str, typer.Argument(metavar="UUID", help="The uuid, or four or more characters of its beginning or its end.")
]


@app.command("list")
def list_(
    everyone: Annotated[bool, typer.Option("--all", help="Also those who are ignored.")] = False,  # noqa: FBT002
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many, the last seen of them.")] = 1000,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Say which strangers showed a face, whoever was seen last first.

    Times are local; the picture is the best one of the face, for as long as it is kept.
    """
    from smartlogd.store.people import strangers

    found = strangers(state_of(config), with_ignored=everyone, limit=limit)
    if as_json:
        for stranger in found:
            typer.echo(json.dumps(_fields(stranger)))
    elif found:
        head = ("uuid", "first seen", "last seen", "seen", "passings", "picture", *(("ignored",) if everyone else ()))
        typer.echo(columns(head, [_row(stranger)[: len(head)] for stranger in found]))
    else:
        typer.echo("No stranger has shown a face.")


@app.command("assign")
def assign(
    uuid: Uuid,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who it is, by name or uid; a new name is a new person.")],
    consent: Annotated[bool, typer.Option("--consent", help="They agreed to be recognised.")] = False,  # noqa: FBT002
    as_given: Annotated[  # noqa: FBT002
        bool, typer.Option("--as-given", help="This very uuid, and not the whole stranger it was merged into.")
    ] = False,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Say who a stranger is, in the past too."""
    told = made(config, "assign", uuid=uuid, name=name, consent=consent, as_given=as_given)
    whose = f"{told['name']}, who is new" if told["is_new"] else f"{told['name']}"
    said = f"{told['uuid']} is {whose}." if told["changed"] else f"{told['uuid']} is {whose} already."
    tell(told, said, as_json=as_json)


@app.command("unassign")
def unassign(uuid: Uuid, config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Take back who a stranger was said to be."""
    told = made(config, "unassign", uuid=uuid)
    said = f"{told['uuid']} is not {told['name']}." if told["changed"] else f"{told['uuid']} has no name."
    if told["still"]:
        said = f"{told['uuid']} lost its own name, and is {told['name']} still by being one with {told['still']}."
    tell(told, said, as_json=as_json)


@app.command("ignore")
def ignore(uuid: Uuid, config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Go on counting a stranger, and never ask about them."""
    _attend(config, "ignore", uuid, "ignored", as_json=as_json)


@app.command("unignore")
def unignore(uuid: Uuid, config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """List a stranger again who was ignored."""
    _attend(config, "unignore", uuid, "asked about", as_json=as_json)


def _attend(config: Path | None, what: str, uuid: str, state: str, *, as_json: bool) -> None:
    told = made(config, what, uuid=uuid)
    tell(told, f"{told['uuid']} is {state}{_already(told)}.", as_json=as_json)


@app.command("merge")
def merge(
    uuid: Uuid,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="The other one's, in the same way.")],
    as_given: Annotated[  # noqa: FBT002
        bool, typer.Option("--as-given", help="The other becomes the first, even where only the other has a name.")
    ] = False,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Say that two strangers are one; where one has a name, both do."""
    told = made(config, "merge", uuid=uuid, other=other, as_given=as_given)
    tell(told, f"{told['merged']} is the same as {told['uuid']}{_already(told)}.", as_json=as_json)


@app.command("unmerge")
def unmerge(uuid: Uuid, config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Take back that a stranger is another."""
    told = made(config, "unmerge", uuid=uuid)
    alone = f"{told['uuid']} was merged into nobody; nothing was changed."
    tell(told, f"{told['uuid']} stands alone again." if told["changed"] else alone, as_json=as_json)


@app.command("purge")
def purge(
    older_than: Annotated[str, typer.Option("--older-than", metavar="SPAN", help='Not seen for so long: "30d", "4w".')],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask again.")] = False,  # noqa: FBT002
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Destroy the faces of strangers long not seen; rows stay."""
    span = span_s(older_than)
    if span is None:
        what = f"--older-than {older_than!r} is no span."
        raise SmartlogError(what, 'Write it as "30d", "12h" or "4w".', code=Exit.USAGE)
    question = (
        f"Faces of strangers not seen for {older_than} are destroyed, and they are new when they come back. Do it?"
    )
    confirmed(question, yes=yes)
    told = made(config, "purge", older_than_s=span)
    counts = f"{told['templates']} faces, {told['crops']} pictures and {told['keys']} keys of {told['strangers']}"
    tell(
        told, f"Destroyed {counts} strangers." if told["changed"] else "There was nothing to destroy.", as_json=as_json
    )


def _already(told: Mapping[str, object]) -> str:
    return "" if told["changed"] else " already"


def _row(stranger: StrangerSeen) -> tuple[object, ...]:
    times = local(stranger.first_seen), local(stranger.last_seen)
    ignored = "yes" if stranger.ignored else "no"
    return stranger.uuid, *times, stranger.seen, stranger.passings, stranger.crop or "-", ignored


def _fields(stranger: StrangerSeen) -> dict[str, object]:
    return {
        "uuid": stranger.uuid,
        "first_seen": iso(stranger.first_seen),
        "last_seen": iso(stranger.last_seen),
        "seen": stranger.seen,
        "passings": stranger.passings,
        "templates": stranger.templates,
        "crop": None if stranger.crop is None else str(stranger.crop),
        "ignored": stranger.ignored,
    }
