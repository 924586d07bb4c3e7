"""Lines as they were set from afar, kept in the state folder and laid over the configuration.

The configuration is the administrator's, and the daemon never writes it. A line whose name the configuration no
longer has, or whose adjustment no longer fits it, is as the configuration says.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from smartlogd.base import files
from smartlogd.base.errors import DiskTrouble, Fate, UnusableInput
from smartlogd.movement.options import Fraction, LineName, LineOptions
from smartlogd.settings import Settings

FILE = "lines.json"
MOST_BYTES = 64 * 1024
MOST_LINES = 64

log = logging.getLogger("smartlogd.control")


class Adjustment(BaseModel):
    """What was set about one line; what is None stands as configured."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)

    counting: bool | None = Field(default=None, description="Whether passings of the line are logged.")
    start: tuple[Fraction, Fraction] | None = Field(default=None, description="Where the line starts.")
    end: tuple[Fraction, Fraction] | None = Field(default=None, description="Where the line ends.")
    inside: Literal["left", "right", "above", "below"] | None = Field(default=None, description="Which side is IN.")

    def over(self, line: LineOptions) -> LineOptions:
        """The line with this laid over it; pydantic's ValidationError where that is no line."""
        changes: dict[str, object] = {
            key: value for key in ("start", "end", "inside") if (value := getattr(self, key)) is not None
        }
        if self.counting is False:
            changes["counts"] = "none"
        elif self.counting and line.counts == "none":
            changes["counts"] = "both"
        return LineOptions.model_validate({**line.model_dump(), **changes})


_ALL = TypeAdapter(dict[LineName, Adjustment])


def laid_over(settings: Settings, adjustments: Mapping[str, Adjustment]) -> Settings:
    """The settings with the lines as they were set from afar."""
    lines = dict(settings.movement.lines)
    for name, adjustment in adjustments.items():
        if name not in lines:
            continue
        try:
            lines[name] = adjustment.over(lines[name])
        except ValidationError:
            log.warning("line is as configured: what was set from afar no longer fits", extra={"line": name})
    return settings.model_copy(update={"movement": settings.movement.model_copy(update={"lines": lines})})


def adjusted(
    settings: Settings, old: Mapping[str, Adjustment], name: str, given: Mapping[str, object]
) -> dict[str, Adjustment]:
    """What is set from afar once `given` is set of the line `name` as well.

    UnusableInput where there is no such line, or it could not be a line any more.
    """
    line = settings.movement.lines.get(name)
    if line is None or settings.movement.pair is not None:
        known = "none, for the pair of lines is set" if settings.movement.pair else ", ".join(settings.movement.lines)
        raise UnusableInput(f"No line called {name[:64]!r} can be set.", f"Lines that can: {known}.")
    before = old.get(name, Adjustment()).model_dump(exclude_none=True)
    try:
        adjustment = Adjustment.model_validate({**before, **given})
        adjustment.over(line)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = "".join(f"{part}: " for part in fault["loc"][:1])
        said = fault["msg"].removeprefix("Value error, ").rstrip(".")
        raise UnusableInput(f"The line {name!r} cannot be set so: {where}{said}.") from error
    return {**old, name: adjustment}


def read(folder: Path) -> dict[str, Adjustment]:
    """What was set from afar; nothing where nothing was, or where it cannot be read."""
    try:
        found = files.private_bytes(folder / FILE, MOST_BYTES + 1)
        kept = {} if found is None else _ALL.validate_json(found[0])
    except NotADirectoryError:
        return {}  # whoever needs the folder says so
    except (OSError, ValidationError) as error:
        why = "it cannot be read" if isinstance(error, OSError) else "it is not what smartlogd wrote"
        log.warning("lines are as configured", extra={"file": str(folder / FILE), "why": why})
        return {}
    return dict(list(kept.items())[:MOST_LINES])


def write(folder: Path, adjustments: Mapping[str, Adjustment]) -> None:
    """Keep it over restarts; DiskTrouble where the disk takes nothing."""
    try:
        files.place(folder / FILE, _ALL.dump_json(dict(adjustments), exclude_none=True))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        what = f"The line was not set: {folder / FILE} cannot be written: {reason}."
        raise DiskTrouble(what, "Make room on the disk.", fate=Fate.RETRY) from error
