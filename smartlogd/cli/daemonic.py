"""`reload`, `stop`, `pause`, `resume` and `snapshot`: what is asked of a running daemon through its socket."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from smartlogd.base.errors import Exit, SmartlogError
from smartlogd.cli.options import AsJson, Config, Labels

MOST_BYTES = 1024 * 1024
"""More than this no snapshot has."""


def reload(config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Let the daemon read its settings again.

    Lines, thresholds and models change, and tracks live on; it says what needs a restart.
    """
    answer = _asked(config, "reload")
    if as_json:
        typer.echo(json.dumps(answer))
        return
    applied, needed = _words(answer, "applied"), _words(answer, "restart_needed")
    typer.echo(f"Changed: {', '.join(applied)}." if applied else "Nothing to change.")
    if needed:
        typer.echo(f"A restart is needed for: {', '.join(needed)}.")


def stop(config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Let the daemon write what waits, and stop."""
    answer = _asked(config, "stop")
    typer.echo(json.dumps({"stopping": True, **answer}) if as_json else "Stopping.")


def pause(config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Close the camera, and keep it closed.

    It stays closed over restarts and power cuts, until `smartlogd resume`.
    """
    answer = command(config, "pause")
    said = "The camera is closed, and stays so. Open it again with: smartlogd resume"
    typer.echo(json.dumps(answer) if as_json else said)


def resume(config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Open the camera again."""
    answer = command(config, "resume")
    typer.echo(json.dumps(answer) if as_json else "The camera is opened again.")


def snapshot(
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE|-]", help="Where to copy the picture to; - is standard output.", show_default=False
        ),
    ] = None,
    labels: Labels = None,
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="What there is to say about it.")] = None,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Let the daemon take a picture of what it sees.

    It keeps it with the log: smartlogd snapshots lists all. Nobody else can read its folder where smartlogd runs as a
    service: sudo smartlogd snapshot - > door.jpg
    """
    if file == "-" and as_json:
        raise SmartlogError("Standard output holds the picture or JSON, not both.", "Name a file.", code=Exit.USAGE)
    answer = command(config, "snapshot", labels=labels or [], note=note)
    path = Path(str(answer.get("path")))
    if file is not None:
        _copied(path, file)
    if as_json:
        typer.echo(json.dumps({**answer, **({} if file is None else {"copy": file})}))
    elif file != "-":
        typer.echo(f"The picture is {path if file is None else file}.")


def _copied(path: Path, file: str) -> None:
    """Copy the picture to a file that its owner alone can read, for people are on it; or to standard output."""
    from smartlogd.base.files import place

    picture = _picture(path)
    if file == "-":
        sys.stdout.buffer.write(picture)
        sys.stdout.buffer.flush()
        return
    try:
        place(Path(file), picture)
    except OSError as error:
        what = f"{file} cannot be written: {(error.strerror or str(error)).lower()}."
        raise SmartlogError(what, "Name another file.", code=Exit.CANNOT_CREATE) from error


def _picture(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES)
    except PermissionError as error:
        what = f"The picture was taken, and is {path}, which this user may not read."
        raise SmartlogError(what, "sudo smartlogd snapshot - > FILE", code=Exit.PERMISSION) from error
    except OSError as error:
        what = f"The picture {path} cannot be read: {(error.strerror or str(error)).lower()}."
        raise SmartlogError(what, "Ask for it on the machine where smartlogd runs.", code=Exit.MISSING) from error


def command(
    config: Path | None, what: str, *, answer_s: float | None = None, **arguments: object
) -> Mapping[str, object]:
    """What the running daemon answers to this command; one that takes long is waited for so long."""
    from smartlogd.control import ANSWER_S, ask

    return ask(_socket(config), "command", what=what, arguments=arguments, answer_s=answer_s or ANSWER_S)


def _asked(config: Path | None, verb: str) -> Mapping[str, object]:
    from smartlogd.control import ask

    return ask(_socket(config), verb)


def _socket(config: Path | None) -> Path:
    from smartlogd.settings import read_settings

    return read_settings(config).folders().socket


def _words(answer: Mapping[str, object], key: str) -> list[str]:
    words = answer.get(key)
    return [str(word) for word in words] if isinstance(words, list) else []
