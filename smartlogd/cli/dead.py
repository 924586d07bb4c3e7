"""`smartlogd sync dead`: what the centre refused for good: list it, look at it, send it again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smartlogd.base.errors import Exit, SmartlogError
from smartlogd.cli.changed import iso, local, made, state_of
from smartlogd.cli.columns import columns
from smartlogd.cli.options import AsJson, Config

if TYPE_CHECKING:
    from smartlogd.store.dead import DeadLetter

app = typer.Typer(help="What the centre refused: list, show, send again.", no_args_is_help=True, rich_markup_mode=None)
_AT_ONCE = 2000


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="At most so many, the newest of them.")] = 1000,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Say what the centre refused, and why."""
    from smartlogd.store.dead import dead_letters

    found = dead_letters(state_of(config), limit=limit)
    if as_json:
        for letter in found:
            typer.echo(json.dumps(_fields(letter)))
    elif found:
        rows = [(one.seq, one.kind, one.row, local(one.at), local(one.died), one.reason) for one in found]
        typer.echo(columns(("seq", "kind", "row", "happened", "refused", "reason"), rows))
    else:
        typer.echo("The centre refused nothing.")


@app.command("show")
def show(
    seq: Annotated[int, typer.Argument(metavar="SEQ", min=0, help="Its number, as `list` says it.")],
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Say what is known of one: why it was refused, and what would be sent."""
    from smartlogd.store.dead import explained

    letter, item = explained(state_of(config), seq)
    if as_json:
        typer.echo(json.dumps({**_fields(letter), "item": None if item is None else json.loads(item)}))
        return
    rows = [
        ("number", f"{letter.seq}"),
        ("row", f"{letter.kind} {letter.row}"),
        ("happened", local(letter.at)),
        ("refused", local(letter.died)),
        ("reason", letter.reason),
        ("item", item or "gone, or not to be shown"),
    ]
    width = max(len(word) for word, _ in rows)
    typer.echo("\n".join(f"{word:<{width}}  {text}" for word, text in rows))


@app.command("retry")
def retry(
    seqs: Annotated[list[int] | None, typer.Argument(metavar="[SEQ]...", help="Their numbers.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="All of them.")] = False,  # noqa: FBT002
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Send some again, once their cause is mended."""
    if bool(seqs) == all_:
        raise SmartlogError("Say which: numbers, or --all.", "smartlogd sync dead list", code=Exit.USAGE)
    told = _retried(config, seqs)
    typer.echo(json.dumps({"retried": told}) if as_json else f"{told} wait to be sent again.")


def _retried(config: Path | None, seqs: list[int] | None) -> int:
    """How many were put back."""
    if seqs is None or not seqs:
        return _count(made(config, "dead-retry").get("retried"))
    parts = [seqs[first : first + _AT_ONCE] for first in range(0, len(seqs), _AT_ONCE)]
    return sum(_count(made(config, "dead-retry", seqs=part).get("retried")) for part in parts)


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def _fields(letter: DeadLetter) -> dict[str, object]:
    return {
        "seq": letter.seq,
        "kind": letter.kind,
        "row": letter.row,
        "at": iso(letter.at),
        "died_at": iso(letter.died),
        "reason": letter.reason,
    }
