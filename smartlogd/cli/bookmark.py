"""`smartlogd bookmark`: a mark in the log, to find a moment again."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from smartlogd.cli.daemonic import command
from smartlogd.cli.options import AsJson, Config


def bookmark(
    note: Annotated[
        str | None, typer.Argument(metavar="[NOTE]", help="What there is to say about it.", show_default=False)
    ] = None,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Mark this moment in the log, with a note.

    It is an event of the type bookmark. A rule of [record.rules] may cut a clip of each.
    """
    answer = command(config, "bookmark", note=note)
    typer.echo(json.dumps(answer) if as_json else f"Marked at {answer.get('at')} (event {answer.get('id')}).")
