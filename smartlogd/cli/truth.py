"""GROUND_TRUTH.json: what people counted by hand in the clips beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.base.known import Action, CrossingLine
from smartlogd.cli.score import Passing
from smartlogd.movement.options import LineOptions

FILE = "GROUND_TRUTH.json"
LARGEST_FILE = 4 * 1024 * 1024
_MOST_CLIPS = 1000
_MOST_LINES = 32
_MOST_CROSSINGS = 10_000
_ACTIONS = {"IN": Action.IN, "OUT": Action.OUT}

_Seconds = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
_ClipName = Annotated[str, Field(pattern=r"^[^/\\\x00]{1,255}$")]


@dataclass(frozen=True, slots=True)
class LineTruth:
    """One line of a clip, who passed it when, and how exactly that is known."""

    line: CrossingLine
    tolerance_s: float
    required: tuple[Passing, ...]
    optional: tuple[Passing, ...]


@dataclass(frozen=True, slots=True)
class ClipTruth:
    """One clip: its lines, and whether nobody is in it."""

    path: Path
    lines: tuple[LineTruth, ...]
    is_empty: bool


class _Crossing(BaseModel):
    model_config = ConfigDict(extra="ignore")

    t: _Seconds
    direction: Literal["IN", "OUT"]


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.-]{0,63}$")
    line: tuple[float, float, float, float]
    inside: Literal["left", "right", "above", "below"]
    anchor_kind: Literal["centre", "feet"] = "centre"
    tolerance_s: float = Field(gt=0, le=60)
    crossings: list[_Crossing] = Field(max_length=_MOST_CROSSINGS)
    optional: list[_Crossing] = Field(default=[], max_length=_MOST_CROSSINGS)


class _Clip(BaseModel):
    model_config = ConfigDict(extra="ignore")

    n_people: int | None = Field(default=None, ge=0)
    lines: list[_Line] = Field(default=[], max_length=_MOST_LINES)


class _File(RootModel[dict[_ClipName, _Clip]]):
    root: dict[_ClipName, _Clip] = Field(max_length=_MOST_CLIPS)


def read_truth(folder: Path) -> tuple[ClipTruth, ...]:
    """The clips of `folder` that can be judged, in the file's order: those with lines, and those without people.

    Raises Missing for a folder, file or clip that is not there, UnusableInput for what cannot be meant.
    """
    if not folder.is_dir():
        raise Missing(f"There is no folder {folder}.", f"Name the folder that holds the clips and their {FILE}.")
    clips = tuple(
        _clip(folder, name, clip)
        for name, clip in _parsed(folder / FILE).root.items()
        if clip.lines or clip.n_people == 0
    )
    if not clips:
        raise UnusableInput(f"{folder / FILE} has no clip with lines and none without people.", "Draw a line first.")
    for clip in clips:
        if not clip.path.is_file():
            raise Missing(
                f"The clip {clip.path.name} is not in {folder}.", f"{FILE} names it; bring it, or take it out."
            )
    return clips


def _parsed(path: Path) -> _File:
    """The file, read and validated."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
    except FileNotFoundError as error:
        raise Missing(f"There is no file {path}.", "It says what people counted in the clips.") from error
    except OSError as error:
        raise UnusableInput(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from error
    if len(raw) > LARGEST_FILE:
        raise UnusableInput(f"{path} is larger than {LARGEST_FILE // 1024 // 1024} MiB.", "It is none of ours.")
    try:
        return _File.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        said = str(first["msg"])
        raise UnusableInput(f"{path} cannot be meant: {f'{where}: ' if where else ''}{said}.") from error


def _clip(folder: Path, name: str, clip: _Clip) -> ClipTruth:
    """One clip in our own words."""
    if name in {".", ".."}:
        raise UnusableInput(f"{folder / FILE} names a clip {name!r}.", "A clip is a file beside it.")
    lines = tuple(_line(name, line) for line in clip.lines)
    names = [truth.line.name for truth in lines]
    twice = [one for one in names if names.count(one) > 1]
    if twice:
        raise UnusableInput(f"The clip {name} has two lines named {twice[0]}.", "Give each a name of its own.")
    return ClipTruth(folder / name, lines, clip.n_people == 0)


def _line(clip: str, line: _Line) -> LineTruth:
    """One line in our own words; raises UnusableInput for one without two sides."""
    x1, y1, x2, y2 = line.line
    given = {"start": (x1, y1), "end": (x2, y2), "inside": line.inside, "anchor": line.anchor_kind}
    try:
        drawn = LineOptions.model_validate(given).crossing_line(line.name)
    except ValidationError as error:
        said = str(error.errors(include_url=False)[0]["msg"]).removeprefix("Value error, ")
        raise UnusableInput(f"The line {line.name} of {clip} cannot be meant: {said}.") from error
    return LineTruth(drawn, line.tolerance_s, _passings(line.crossings), _passings(line.optional))


def _passings(crossings: list[_Crossing]) -> tuple[Passing, ...]:
    return tuple(Passing(crossing.t, _ACTIONS[crossing.direction]) for crossing in crossings)
