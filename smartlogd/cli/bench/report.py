"""What every measure begins and ends with: the settings it is taken under, and how its result is told."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from smartlogd.base.errors import Missing
from smartlogd.base.known import Json

if TYPE_CHECKING:
    from smartlogd.settings import Settings

Runs: TypeAlias = Annotated[int, typer.Option(min=1, max=100, help="How many rounds; the median counts.")]


def settings_of(config: Path | None, profile: str | None, more: Mapping[str, object] | None = None) -> Settings:
    """The settings, with this profile and these others; from now on only warnings are logged."""
    from smartlogd.cli.speech import log_to_stderr
    from smartlogd.settings import read_settings

    log_to_stderr("warning")
    return read_settings(config, {**({"detect.profile": profile} if profile else {}), **(more or {})})


def disk(folder: Path | None) -> Path:
    """The folder on the disk that is measured, the temporary one unless given; Missing where there is none."""
    place = folder or Path(tempfile.gettempdir())
    if not place.is_dir():
        raise Missing(f"There is no folder {place}.", "Name one on the disk that is to be measured.")
    return place


def tell(fields: Mapping[str, Json], said: str, *, as_json: bool) -> None:
    """One line: the fields as JSON, or the sentence."""
    typer.echo(json.dumps({"type": "bench", **fields}) if as_json else said)
