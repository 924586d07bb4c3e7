"""LABELS.json: what people saw or heard in the pictures or sounds beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from smartlogd.base.errors import Missing, UnusableInput

FILE = "LABELS.json"
LARGEST_FILE = 4 * 1024 * 1024
_MOST_ENTRIES = 10_000

_Name = Annotated[str, Field(pattern=r"^[^/\\\x00]{1,255}$")]
Entry = TypeVar("Entry", bound=BaseModel)


def subject(folder: Path, words: Sequence[str]) -> str:
    """The first of these words that an entry of the folder's labels has: what they are about.

    Raises UnusableInput where there is none; otherwise as `read_labels`.
    """
    file = folder / FILE
    entries: dict[str, dict[str, Any]] = _parsed(file, TypeAdapter(dict[_Name, dict[str, Any]]))
    for word in words:
        if any(word in entry for entry in entries.values()):
            return word
    raise UnusableInput(f"{file} says nothing that can be judged.", f"Its entries have one of: {', '.join(words)}.")


def read_labels(folder: Path, entry: type[Entry]) -> tuple[tuple[Path, Entry], ...]:
    """Each labelled file of `folder` and what is said of it, in the file's order.

    Raises Missing for a file that is not there, UnusableInput for what cannot be meant.
    """
    file = folder / FILE
    entries: dict[str, Entry] = _parsed(file, TypeAdapter(dict[_Name, entry]))  # type: ignore[valid-type]
    if not 0 < len(entries) <= _MOST_ENTRIES:
        raise UnusableInput(f"{file} has {len(entries)} entries.", f"It may have 1 to {_MOST_ENTRIES}.")
    for name in entries:
        if name in {".", ".."} or not (folder / name).is_file():
            raise Missing(f"The file {name} is not in {folder}.", f"{FILE} names it; bring it, or take it out.")
    return tuple((folder / name, said) for name, said in entries.items())


def _parsed(file: Path, adapter: TypeAdapter[Any]) -> Any:
    """The file, read and validated."""
    try:
        with file.open("rb") as content:
            raw = content.read(LARGEST_FILE + 1)
    except OSError as error:
        raise UnusableInput(f"{file} cannot be read: {(error.strerror or str(error)).lower()}.") from error
    if len(raw) > LARGEST_FILE:
        raise UnusableInput(f"{file} is larger than {LARGEST_FILE // 1024 // 1024} MiB.", "It is none of ours.")
    try:
        return adapter.validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UnusableInput(f"{file} cannot be meant: {f'{where}: ' if where else ''}{first['msg']}.") from error
