"""`smartlogd doctor`: is everything here that smartlogd needs? Each answer is ok, warn or fail, with a hint."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from smartlogd.base.errors import SmartlogError
from smartlogd.cli import looks, looks_machine, looks_network, looks_service
from smartlogd.cli.looks import LIBRARIES, Finding
from smartlogd.cli.options import AsJson, Config

if TYPE_CHECKING:
    from smartlogd.settings import Settings

LOOK_S = 5.0
"""How long one look may take: a camera's driver, a disk or a network may never answer."""

Look = Callable[["Settings"], Finding]
LOOKS: tuple[tuple[str, Look], ...] = (
    ("camera", looks.camera),
    ("models", looks.models),
    ("state folder", looks.state_folder),
    ("groups", looks_service.groups),
    ("disk", looks_machine.disk),
    ("clock", looks_machine.clock),
    ("power", looks_machine.power),
    ("temperature", looks_machine.temperature),
    ("watchdog", looks_machine.watchdog),
    ("unit", looks_service.unit),
    ("daemon", looks.daemon),
    ("centre", looks_network.centre),
    ("broker", looks_network.broker),
    ("object store", looks_network.object_store),
)


def doctor(config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Look whether everything needed is here.

    Each look is ok, warn or fail, with a hint; exit 0 unless one fails.
    """
    findings = list(examined(config))
    if as_json:
        for finding in findings:
            typer.echo(json.dumps(asdict(finding)))
    else:
        _table(findings)
    if any(finding.verdict == "fail" for finding in findings):
        raise typer.Exit(1)


def examined(config: Path | None) -> Iterator[Finding]:
    """Every look, those first that need no settings."""
    yield looks.python()
    for name, package, why in LIBRARIES:
        yield looks.library(name, package, why)
    from smartlogd.settings import read_settings, usual_file

    try:
        file = config or usual_file()
        settings = read_settings(config)
    except SmartlogError as error:
        yield Finding("configuration", "fail", error.what, error.hint)
        return
    yield Finding("configuration", "ok", f"device {settings.device.name}, profile {settings.detect.profile}")
    yield bounded("permissions", partial(looks_service.permissions, config=file), settings)
    for name, look in LOOKS:
        yield bounded(name, look, settings)


def bounded(name: str, look: Look, settings: Settings, within_s: float = LOOK_S) -> Finding:
    """What the look finds; a warning where it does not come to an end, and then nobody waits for it any more."""
    found: Future[Finding] = Future()

    def looked() -> None:
        try:
            found.set_result(look(settings))
        except BaseException as error:  # noqa: BLE001 - carried over, and raised where it is waited for
            found.set_exception(error)

    threading.Thread(target=looked, name=f"look: {name}", daemon=True).start()
    try:
        return found.result(timeout=within_s)
    except TimeoutError:
        hint = "What it asks does not answer: a driver, a disk or a network hangs. See dmesg."
        return Finding(name, "warn", f"no answer within {within_s:g} s", hint)


def _table(findings: list[Finding]) -> None:
    colours = {"ok": typer.colors.GREEN, "warn": typer.colors.YELLOW, "fail": typer.colors.RED}
    width = max(len(finding.what) for finding in findings)
    for finding in findings:
        verdict = typer.style(f"{finding.verdict:<4}", fg=colours[finding.verdict])
        typer.echo(f"{verdict}  {finding.what:<{width}}  {finding.says}")
        if finding.hint and finding.verdict != "ok":
            typer.echo(f"{'':<{width + 8}}{finding.hint}")
