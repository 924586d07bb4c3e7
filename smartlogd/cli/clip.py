"""`smartlogd clip`: let the daemon cut a clip around now."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from smartlogd.base.errors import Exit, SmartlogError
from smartlogd.cli.daemonic import command
from smartlogd.cli.log import span_s
from smartlogd.cli.options import AsJson, Config, Labels

_PATIENCE_S = 30.0
"""How much longer than the clip itself the daemon may take over it."""


def clip(
    span: Annotated[str, typer.Argument(metavar="SPAN", help='How long it lasts: "10s", "1m".')] = "10s",
    labels: Labels = None,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Let the daemon cut a clip around now.

    It begins some seconds ago (record.before_s, or half its length where that is less), so that it shows what you have
    just seen, and is there when its time is over: this waits for it.
    """
    seconds = span_s(span) or span_s(f"{span}s")
    if not seconds:
        raise SmartlogError(f"{span!r} is no span.", 'Write it as "10s" or "1m".', code=Exit.USAGE)
    answer = command(config, "clip", answer_s=seconds + _PATIENCE_S, seconds=seconds, labels=labels or [])
    if as_json:
        typer.echo(json.dumps(answer))
        return
    typer.echo(f"The clip is {answer.get('path')} ({answer.get('duration_s')} s, id {answer.get('id')}).")
