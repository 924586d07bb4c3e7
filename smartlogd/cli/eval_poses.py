"""Postures on photographs, against what people say of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import BaseModel, ConfigDict, Field

from smartlogd.cli.labels import read_labels

if TYPE_CHECKING:
    from smartlogd.settings import Settings

OTHER = "other"
"""What is said of someone who neither sits, stands nor lies: any answer to that is as good as none."""


class PoseLabel(BaseModel):
    """What is said of one picture: how each of its people holds themselves, and how clearly that is to be seen."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    people: tuple[Annotated[str, Field(pattern=r"^[a-z_]{1,32}$")], ...] = Field(max_length=100)
    seen_whole: bool = True
    ambiguous: bool = False
    others_in_background: bool = False


@dataclass(frozen=True, slots=True)
class PoseScore:
    """How many people there are, how many postures were told, how many of those rightly; and of people seen whole."""

    people: int = 0
    answered: int = 0
    right: int = 0
    whole_people: int = 0
    whole_answered: int = 0

    def __add__(self, other: PoseScore) -> PoseScore:
        return PoseScore(
            self.people + other.people,
            self.answered + other.answered,
            self.right + other.right,
            self.whole_people + other.whole_people,
            self.whole_answered + other.whole_answered,
        )

    def as_json(self) -> dict[str, object]:
        """As programs read it."""
        whole = {"people": self.whole_people, "answered": self.whole_answered}
        return {"people": self.people, "answered": self.answered, "right": self.right, "whole": whole}

    def as_table(self) -> str:
        """As people read it, too: it is one line."""
        return json.dumps(self.as_json())


async def judged(folder: Path, settings: Settings) -> PoseScore:
    """Look closely at each picture of the folder, and judge what is told of its people."""
    from smartlogd import wiring
    from smartlogd.identify.photo import read_photo
    from smartlogd.movement.posture import posture

    pictures = [(path, label) for path, label in read_labels(folder, PoseLabel) if not label.ambiguous]
    people, total = wiring.still_people(settings), PoseScore()
    for number, (path, label) in enumerate(pictures, 1):
        pixels = read_photo(path)
        aspect = pixels.shape[1] / pixels.shape[0]
        told = [posed.what for body in people.find(pixels) if (posed := posture(body, aspect)) is not None]
        typer.echo(
            f"{number} of {len(pictures)}: {path.name}: {_words(told)}; people say {_words(label.people)}", err=True
        )
        total += scored(label, told)
    return total


def scored(label: PoseLabel, told: Sequence[str]) -> PoseScore:
    """How well the answers for one picture agree with its label, whoever was meant by which: at best.

    An answer goes to someone who holds themselves so; then to someone whose posture has no name here, and is of no
    matter; then to anyone who is left, wrongly. Further ones are wrong too, but where there are others in the
    background.

    >>> scored(PoseLabel(people=("sit", "sit", "other")), ["sit", "stand", "stand"])
    PoseScore(people=2, answered=2, right=1, whole_people=2, whole_answered=2)
    """
    people = Counter(word for word in label.people if word != OTHER)
    right = (people & Counter(told)).total()
    unnamed = label.people.count(OTHER)
    left = max(0, len(told) - right - unnamed)
    wrong = min(left, people.total() - right)
    surplus = 0 if label.others_in_background else left - wrong
    whole = (people.total(), right + wrong) if label.seen_whole else (0, 0)
    return PoseScore(people.total(), right + wrong + surplus, right, *whole)


def _words(words: Iterable[str]) -> str:
    return ", ".join(words) or "nobody"
