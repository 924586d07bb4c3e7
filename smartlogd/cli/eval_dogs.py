"""Dogs on photographs, against how many people see there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from pydantic import BaseModel, ConfigDict, Field

from smartlogd.base.seen import Kind
from smartlogd.cli.labels import read_labels

if TYPE_CHECKING:
    from smartlogd.settings import Settings


class DogLabel(BaseModel):
    """What is said of one picture: how many dogs are on it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    dogs: int = Field(ge=0, le=100)


@dataclass(frozen=True, slots=True)
class DogScore:
    """How many dogs there are, how many of them were found, and how many were seen where there is none."""

    dogs: int = 0
    found: int = 0
    false: int = 0

    def as_json(self) -> dict[str, object]:
        """As programs read it."""
        return {"dogs": self.dogs, "found": self.found, "false": self.false}

    def as_table(self) -> str:
        """As people read it, too: it is one line."""
        return json.dumps(self.as_json())


async def judged(folder: Path, settings: Settings) -> DogScore:
    """Look closely at each picture of the folder, and count its dogs."""
    from smartlogd import wiring
    from smartlogd.identify.photo import read_photo

    pictures, total = read_labels(folder, DogLabel), DogScore()
    animals = wiring.still_animals(settings)
    for number, (path, label) in enumerate(pictures, 1):
        found = [one for one in animals.find(read_photo(path)) if one.kind is Kind.DOG]
        typer.echo(f"{number} of {len(pictures)}: {path.name}: {len(found)} found, {label.dogs} there", err=True)
        total = DogScore(
            total.dogs + label.dogs,
            total.found + min(len(found), label.dogs),
            total.false + max(0, len(found) - label.dogs),
        )
    return total
