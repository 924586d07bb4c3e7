"""`smartlogd people eval`: how well faces are told apart, on photographs of people whose names are given."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.cli.options import AsJson, Config

if TYPE_CHECKING:
    from smartlogd.cli.progress import Steps
    from smartlogd.identify.enrol import Enroller
    from smartlogd.identify.trial import Outcome, Photo, Rates
    from smartlogd.settings import Settings

_LIST = "IDENTITIES.json"
_LARGEST_LIST = 16 * 1024 * 1024
_LEFT_OUT = "partial"
"""Photographs with this word in their names show a part of a face on purpose."""

People: TypeAlias = dict[str, tuple[Path, ...]]


def eval_(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the photographs and their IDENTITIES.json.")],
    rounds: Annotated[int, typer.Option(min=1, max=1000, help="How often people are divided anew.")] = 20,
    seed: Annotated[int, typer.Option(help="Begins the chances; the same seed gives the same figures.")] = 0,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Try how well faces are told apart.

    Each round, half of the people in DIR are known by three photographs each; says how many of their others are called
    by their name, and how many of everyone else's are called by anybody's.
    """
    from smartlogd.settings import read_settings

    report = judged(read_people(folder), read_settings(config), rounds, seed)
    typer.echo(json.dumps(report.as_json()) if as_json else report.as_table())


@dataclass(frozen=True, slots=True)
class Report:
    """What the trial came to; `refused` counts the photographs that were too poor, by the word of the reason."""

    people: int
    photos: int
    refused: Counter[str]
    outcome: Outcome
    rounds: int
    seed: int

    @property
    def refused_share(self) -> float:
        """The share of photographs that were refused."""
        return self.refused.total() / self.photos if self.photos else 0.0

    def as_json(self) -> dict[str, object]:
        """As programs read it."""
        return {
            "single": self.outcome.single.as_json(),
            "voted": self.outcome.voted.as_json(),
            "refused": round(self.refused_share, 5),
            "wrong": self.outcome.single.as_json()["wrong"],
            "reasons": dict(self.refused.most_common()),
            "people": self.people,
            "photos": self.photos,
            "rounds": self.rounds,
            "seed": self.seed,
        }

    def as_table(self) -> str:
        """As people read it."""
        from smartlogd.cli.columns import columns

        head = ("", "identified", "another's name", "strangers named", "known looks", "strangers' looks")
        rows = [_row("one look", self.outcome.single), _row("three looks", self.outcome.voted)]
        why = ", ".join(f"{count} {word}" for word, count in self.refused.most_common())
        tail = f"people: {self.people}; photographs: {self.photos}; refused: {self.refused_share:.1%}"
        return f"{columns(head, rows)}\n\n{tail}{f' ({why})' if why else ''}"


def judged(people: People, settings: Settings, rounds: int, seed: int) -> Report:
    """The whole trial: each photograph is looked at once, as enrolment does; deciding is the daemon's own.

    Raises Missing where a model is not there.
    """
    from smartlogd import wiring
    from smartlogd.cli.progress import steps
    from smartlogd.identify.trial import tried
    from smartlogd.movement.vote import verdict

    count = sum(len(files) for files in people.values())
    with steps("photographs", count) as bar:
        photos, refused = _looked(people, wiring.enroller(settings), bar)
    rules = wiring.votes(settings)
    outcome = tried(photos, lambda views: verdict(views, rules).who, rounds, seed)
    return Report(len(people), count, refused, outcome, rounds, seed)


def read_people(folder: Path) -> People:
    """Whose photographs lie in `folder`, as its IDENTITIES.json says: {"name": ["file", ...]}, paths relative to it.

    Raises Missing without the list, and UnusableInput when it is none of this shape or names a file outside.
    """
    place = folder / _LIST
    try:
        with place.open("rb") as file:
            listed = json.loads(file.read(_LARGEST_LIST))
    except OSError as error:
        raise Missing(f"There is no list of people {place}.", 'It says {"name": ["photo.jpg", ...], ...}.') from error
    except ValueError as error:
        raise UnusableInput(f"{place} is no JSON.", f"{error}.") from error
    if not isinstance(listed, dict) or not all(_is_list_of_names(files) for files in listed.values()):
        raise UnusableInput(f"{place} does not list people.", 'It says {"name": ["photo.jpg", ...], ...}.')
    return {
        name: tuple(_inside(folder, file) for file in files if _LEFT_OUT not in Path(file).name)
        for name, files in listed.items()
    }


def _looked(people: People, enroller: Enroller, bar: Steps) -> tuple[list[Photo], Counter[str]]:
    """Each photograph's face, and how many were refused for which reason."""
    from smartlogd.cli.album import looked
    from smartlogd.identify.quality import Refusal
    from smartlogd.identify.trial import Photo

    photos: list[Photo] = []
    refused: Counter[str] = Counter()
    for name, files in people.items():
        for file in files:
            seen = looked(enroller, file)
            if isinstance(seen, Refusal):
                refused[seen.word] += 1
            else:
                photos.append(Photo(name, seen.vector, seen.quality.overall))
            bar.step()
    return photos, refused


def _is_list_of_names(files: object) -> bool:
    return isinstance(files, list) and all(isinstance(file, str) for file in files)


def _inside(folder: Path, file: str) -> Path:
    path = Path(file)
    if path.is_absolute() or ".." in path.parts:
        raise UnusableInput(f"{folder / _LIST} names a file outside its folder: {file}.", "Paths are relative to it.")
    return folder / path


def _row(what: str, rates: Rates) -> tuple[str, ...]:
    shares = rates.as_json()
    told = (shares["identified"], shares["wrong"], shares["strangers_named"])
    return (
        what,
        *(f"{share:.2%}" if share is not None else "-" for share in told),
        *map(str, (rates.known, rates.strangers)),
    )
