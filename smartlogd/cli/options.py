"""Options that several commands share, said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

Config: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="Configuration file; without it $SMARTLOG_CONFIG, ~/.config/smartlogd/smartlogd.toml, "
        "/etc/smartlogd/smartlogd.toml, or the defaults.",
    ),
]
Profile: TypeAlias = Annotated[
    Literal["door", "wide"] | None,
    typer.Option(help="door finds faces and bodies nearby, wide finds people, dogs and cats far off."),
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]
Labels: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="WORD", help="What it shows, in a word; may be given several times."),
]
