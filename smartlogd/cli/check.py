"""`smartlogd check-config`: say what is wrong with a configuration file, all of it at once."""

from __future__ import annotations

import json

import typer

from smartlogd.base.errors import SmartlogError
from smartlogd.cli.options import AsJson, Config


def check_config(config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Say what is wrong with a configuration, if anything.

    Exit 0 when it can be meant, 78 when it cannot, 66 when there is no such file.
    """
    from smartlogd.settings import WrongSettings, read_settings, usual_file

    file = config or usual_file()
    try:
        settings = read_settings(config)
    except SmartlogError as error:
        problems = error.problems if isinstance(error, WrongSettings) else (error,)
        if as_json:
            told = [{"error": problem.what, "hint": problem.hint} for problem in problems]
            typer.echo(json.dumps({"ok": False, "file": file and str(file), "problems": told}))
        else:
            for problem in problems:
                typer.echo(f"{problem.what} {problem.hint}".rstrip(), err=True)
        raise typer.Exit(int(error.code)) from error
    camera = _without_secrets(settings.capture.source)
    lines = [line.name for line in settings.movement.crossing_lines()]
    if as_json:
        settings = settings.model_copy(update={"capture": settings.capture.model_copy(update={"source": camera})})
        typer.echo(json.dumps({"ok": True, "file": file and str(file), "settings": settings.model_dump(mode="json")}))
        return
    typer.echo(f"{file or 'The defaults'}: good.")
    typer.echo(f"Device {settings.device.name}, camera {camera}, profile {settings.detect.profile}.")
    typer.echo(f"Lines: {', '.join(lines)}." if lines else "No line is drawn yet: nothing will be counted.")


def _without_secrets(source: str) -> str:
    """A camera's source as it may be shown: an address without its password, a program without its arguments."""
    from smartlogd.capture.address import SCHEMES, shown

    if source.startswith(SCHEMES):
        return shown(source)
    return source.split(maxsplit=1)[0] if source.startswith("command:") else source
