"""`smartlogd share`: links that open a recording, for some time, some times."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from smartlogd.base.errors import Exit, SmartlogError
from smartlogd.cli.changed import made, state_of, tell, times
from smartlogd.cli.columns import columns
from smartlogd.cli.log import span_s
from smartlogd.cli.media import fields, opens
from smartlogd.cli.options import AsJson, Config

app = typer.Typer(
    help="Links that open a recording: make one, open it, take it back.", no_args_is_help=True, rich_markup_mode=None
)
Which = Annotated[
    str, typer.Argument(metavar="CLIP", help="The id, or four or more characters of its beginning or its end.")
]
_STDIN = "-"
_LONGEST_TOKEN = 200


@app.command("create")
def create(
    clip: Which,
    expires: Annotated[str, typer.Option(metavar="SPAN", help='For how long it opens: "24h", "7d".')] = "24h",
    uses: Annotated[
        int | None, typer.Option(min=1, max=1_000_000, help="How often; without, any number of times.")
    ] = None,
    blur_unknown: Annotated[
        bool | None,
        typer.Option(
            "--blur-unknown/--as-it-is",
            help="Share a copy that hides the faces of strangers; as record.blur_unknown unless given.",
        ),
    ] = None,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Make a link that opens a recording; it is shown once.

    A link that opened it before does not any more. What is printed is the token; only its hash is kept.
    """
    from smartlogd.store.share import new_token, token_sha256

    span = span_s(expires)
    if not span:
        raise SmartlogError(f"--expires {expires!r} is no span.", 'Write it as "24h", "7d" or "4w".', code=Exit.USAGE)
    shared = _to_share(config, clip, blur_unknown)
    token = new_token()
    told = made(config, "share", recording=shared, token_sha256=token_sha256(token), expires_s=float(span), uses=uses)
    if as_json:
        typer.echo(json.dumps({"token": token, **told}))
        return
    typer.echo(token)
    often = "as often as wanted" if uses is None else times(uses)
    typer.echo(f"It opens {told['recording']} for {expires}, {often}, and is not shown again.", err=True)
    typer.echo("Open it with: smartlogd share open TOKEN", err=True)


@app.command("open")
def open_(
    token: Annotated[
        str, typer.Argument(metavar="TOKEN", help="What `share create` printed; - reads it from standard input.")
    ],
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Print where a link leads: an address that opens for a while.

    The centre is asked where there is one; else it is the path of the file on this device. Each time is one use.
    Exit 66 when the link opens nothing.
    """
    from smartlogd.store.share import token_sha256

    token = (sys.stdin.readline() if token == _STDIN else token).strip()[:_LONGEST_TOKEN]
    told = _at_centre(config, token) or made(config, "share-open", token_sha256=token_sha256(token))
    typer.echo(json.dumps(told) if as_json else str(told.get("url") or told["path"]))


@app.command("revoke")
def revoke(clip: Which, config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Take the link to a recording back, and those to copies of it.

    An address that was opened before stays open until it is over by itself.
    """
    told = made(config, "share-revoke", recording=clip)
    gone = f"No link opens {told['recording']} any more."
    tell(told, gone if told["changed"] else f"No link opened {told['recording']}.", as_json=as_json)


@app.command("list")
def list_(config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Say which recordings a link opens, until when, how often."""
    from smartlogd.base.time import SystemClock
    from smartlogd.store.recordings import recordings

    state, now = state_of(config), SystemClock().now().utc
    found = [one for one in recordings(state, only_shared=True) if one.link and one.link.until > now]
    if as_json:
        for one in found:
            typer.echo(json.dumps(fields(one, state)))
    elif found:
        rows = [(one.id, one.medium.value, one.phase, ", ".join(one.labels) or "-", opens(one.link)) for one in found]
        typer.echo(columns(("id", "what", "phase", "labels", "opens"), rows))
    else:
        typer.echo("No link opens anything.")


def _to_share(config: Path | None, clip: str, blur_unknown: bool | None) -> str:  # noqa: FBT001 - as it was asked
    """What the link is to open: the recording itself, or a copy of the clip that is made now."""
    from smartlogd.base.known import Medium
    from smartlogd.settings import read_settings
    from smartlogd.store.recordings import recording

    if blur_unknown is None:
        found = recording(state_of(config), clip)
        blur_unknown = found.medium is Medium.CLIP and not found.original and read_settings(config).record.blur_unknown
    if not blur_unknown:
        return clip
    from smartlogd.cli.blurring import blurred_copy

    typer.echo("Blurring faces ...", err=True)
    return blurred_copy(config, clip)


def _at_centre(config: Path | None, token: str) -> Mapping[str, object] | None:
    """What the centre says of the link; None where there is none to ask."""
    import asyncio

    from smartlogd import wiring
    from smartlogd.settings import read_settings

    return asyncio.run(wiring.link_opened(read_settings(config), token))
