"""`smartlogd clips` and `smartlogd snapshots`: what was recorded; listed, shown, deleted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smartlogd.cli.changed import confirmed, iso, local, made, state_of, tell, times
from smartlogd.cli.columns import columns
from smartlogd.cli.options import AsJson, Config

if TYPE_CHECKING:
    from smartlogd.base.known import Medium
    from smartlogd.store.recordings import Link, Recorded

clips = typer.Typer(help="Clips: list, show, delete.", invoke_without_command=True, rich_markup_mode=None)
snapshots = typer.Typer(
    help="Snapshots that were kept: list, show, delete.", invoke_without_command=True, rich_markup_mode=None
)

Which = Annotated[
    str, typer.Argument(metavar="ID", help="The id, or four or more characters of its beginning or its end.")
]
Lost = Annotated[bool, typer.Option("--all", help="Also those that are lost.")]
Limit = Annotated[int, typer.Option(min=1, max=100_000, help="At most so many, the newest of them.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask again.")]


@clips.callback()
def clips_(
    context: typer.Context,
    everything: Lost = False,  # noqa: FBT002
    limit: Limit = 100,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """List clips, newest first; show or delete one."""
    if context.invoked_subcommand is None:
        list_clips(everything=everything, limit=limit, config=config, as_json=as_json)


@clips.command("list")
def list_clips(
    everything: Lost = False,  # noqa: FBT002
    limit: Limit = 100,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """List clips, newest first; so does the word before alone.

    Times are local. A clip is planned until its file is there, then kept, and uploaded once the object store has it.
    """
    from smartlogd.base.known import Medium

    _list(state_of(config), Medium.CLIP, limit, everything=everything, as_json=as_json)


@snapshots.callback()
def snapshots_(
    context: typer.Context,
    everything: Lost = False,  # noqa: FBT002
    limit: Limit = 100,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """List snapshots, newest first; show or delete one."""
    if context.invoked_subcommand is None:
        list_snapshots(everything=everything, limit=limit, config=config, as_json=as_json)


@snapshots.command("list")
def list_snapshots(
    everything: Lost = False,  # noqa: FBT002
    limit: Limit = 100,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """List snapshots, newest first; so does the word before alone.

    Times are local.
    """
    from smartlogd.base.known import Medium

    _list(state_of(config), Medium.SNAPSHOT, limit, everything=everything, as_json=as_json)


def show(recording: Which, config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Say what is known of one, and where it lies."""
    from smartlogd.store.recordings import recording as found

    state = state_of(config)
    one = found(state, recording)
    if as_json:
        typer.echo(json.dumps(fields(one, state)))
        return
    rows = [(word, text) for word, text in _told(one, state) if text]
    width = max(len(word) for word, _ in rows)
    typer.echo("\n".join(f"{word:<{width}}  {text}" for word, text in rows))


def delete(
    recording: Which,
    yes: Yes = False,  # noqa: FBT002
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Delete one, here and in the object store.

    Copies of it that were made to be shared go too. The event of its being saved stays.
    """
    confirmed(f"{recording} is deleted, and cannot be brought back. Do it?", yes=yes)
    told = made(config, "recording-delete", recording=recording)
    said = f"{told['recording']} is deleted." if told["changed"] else f"{told['recording']} was lost already."
    if told.get("object"):
        said += " What lies in the object store is erased when that can be reached."
    tell(told, said, as_json=as_json)


for app in (clips, snapshots):
    app.command("show")(show)
    app.command("delete")(delete)


def fields(one: Recorded, state: Path) -> dict[str, object]:
    """A recording for programs."""
    return {
        "id": one.id,
        "what": one.medium.value,
        "at": iso(one.at),
        "duration_s": one.duration_s,
        "phase": one.phase,
        "labels": list(one.labels),
        "note": one.note,
        "bytes": one.bytes,
        "sha256": one.sha256,
        "path": one.path and str(state / one.path),
        "preview": one.preview and str(state / one.preview),
        "uri": one.uri,
        "cause": one.cause,
        "copy_of": one.original,
        "shared": None if one.link is None else {"until": iso(one.link.until), "uses_left": one.link.uses_left},
    }


def _list(state: Path, medium: Medium, limit: int, *, everything: bool, as_json: bool) -> None:
    from smartlogd.store.recordings import recordings

    found = recordings(state, medium, limit=limit, with_lost=everything)
    if as_json:
        for one in found:
            typer.echo(json.dumps(fields(one, state)))
    elif found:
        head = ("id", "at", "length", "size", "phase", "labels", "shared")
        typer.echo(columns(head, [_row(one) for one in found]))
    else:
        typer.echo(f"There are no {medium.value}s.")


def _row(one: Recorded) -> tuple[str, ...]:
    length = f"{one.duration_s:.1f} s" if one.duration_s else "-"
    return one.id, local(one.at), length, _size(one), one.phase, ", ".join(one.labels) or "-", opens(one.link) or "-"


def _told(one: Recorded, state: Path) -> list[tuple[str, str]]:
    """Words and what they say, empty where there is nothing to say."""
    return [
        ("id", one.id),
        ("at", local(one.at)),
        ("length", f"{one.duration_s:.1f} s" if one.duration_s else ""),
        ("phase", one.phase),
        ("labels", ", ".join(one.labels)),
        ("note", one.note or ""),
        ("size", _size(one) if one.bytes else ""),
        ("sha256", one.sha256 or ""),
        ("file", str(state / one.path) if one.path else ""),
        ("still", str(state / one.preview) if one.preview else ""),
        ("object", one.uri or ""),
        ("shows", f"event {one.cause}" if one.cause else ""),
        ("copy of", one.original or ""),
        ("link", opens(one.link)),
    ]


def opens(link: Link | None) -> str:
    """Until when a link opens, and how often still."""
    if link is None:
        return ""
    often = "" if link.uses_left is None else f", {times(link.uses_left)}"
    return f"until {local(link.until)}{often}"


def _size(one: Recorded) -> str:
    return "-" if one.bytes is None else f"{one.bytes / 1e6:.1f} MB"
