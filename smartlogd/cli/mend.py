"""What `smartlogd db check --repair` does: rows, files and objects of recordings brought together, each thing said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

from smartlogd.cli.changed import made


def repaired(config: Path | None) -> Iterator[Mapping[str, str]]:
    """Put right what can be, one thing after the other: what it is about, and what was done."""
    told = made(config, "recording-repair")
    yield from cast(list[dict[str, str]], told["repairs"])
