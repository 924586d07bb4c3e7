"""What is wrong with a setting, in one sentence: which key, what was given, what is wanted, and where."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel

from smartlogd.base.errors import WrongConfiguration

Where: TypeAlias = tuple[str | int, ...]

_LONGEST_VALUE = 60
_WORDS = {
    "an object": "a table",
    "a valid dictionary": "a table",
    "a valid array": "a list",
    "a valid tuple": "a list",
    "a valid string": "text",
    "a valid boolean": "true or false",
    "a valid integer": "a whole number",
    "a valid number": "a number",
    " after validation": "",
    "match pattern": "match the pattern",
}


def complaint(root: type[BaseModel], fault: Mapping[str, Any], source: str) -> WrongConfiguration:
    """One of pydantic's error records, told to the person who wrote the file.

    `root` is the model of all settings, `source` says where the value came from: "in smartlogd.toml".
    """
    where: Where = tuple(fault["loc"])
    kind = str(fault["type"])
    if kind == "extra_forbidden":
        return _unknown(root, where, source)
    where = _trimmed(root, where)
    if kind == "missing":
        what = f"{_table(where[:-1])} {source} has no {where[-1]}, which it needs."
        return WrongConfiguration(what, "See config/smartlogd.toml.")
    message = str(fault["msg"])
    if kind in ("value_error", "assertion_error"):
        return _refused(where, message.partition(", ")[2] or message, source)
    given = "a table" if isinstance(fault["input"], dict) else _shown(fault["input"])
    return WrongConfiguration(f"{_dotted(where)} {source} is {given}, but {_wanted(message)}.")


def model_at(root: type[BaseModel], where: Where) -> type[BaseModel] | None:
    """The model of the table at `where`, None when there is no such table."""
    return next((arm for arm in _arms(annotation_at(root, where)) if _is_model(arm)), None)


def annotation_at(root: type[BaseModel], where: Where) -> Any:
    """What kind of value belongs at `where`, None when nothing does: tables by key, lists by number."""
    here: Any = root
    for part in where:
        here = next((found for arm in _arms(here) if (found := _within(arm, part)) is not None), None)
    return here


def nearest(word: str, known: tuple[str, ...]) -> str:
    """The known word most like this one.

    >>> nearest("fsp", ("source", "fps", "width_px"))
    'fps'
    """
    return max(known, key=lambda other: difflib.SequenceMatcher(None, word, other).ratio())


def _unknown(root: type[BaseModel], where: Where, source: str) -> WrongConfiguration:
    table, key = where[:-1], str(where[-1])
    known = tuple((model_at(root, table) or root).model_fields)
    if not table:
        what = f"The table [{key}] {source} is unknown."
        return WrongConfiguration(what, f"The nearest known one is [{nearest(key, known)}].")
    what = f"The key {key} of {_table(table)} {source} is unknown."
    rooms = ((name, model_at(root, (name,))) for name in root.model_fields)
    homes = [name for name, room in rooms if room and key in room.model_fields]
    if homes:
        return WrongConfiguration(what, f"{key} belongs to [{homes[0]}].")
    return WrongConfiguration(what, f"The nearest known key is {nearest(key, known)}.")


def _refused(where: Where, message: str, source: str) -> WrongConfiguration:
    return WrongConfiguration(f"{_dotted(where)} {source}: {message.removesuffix('.')}.")


def _wanted(message: str) -> str:
    """Pydantic's sentence in the words of a TOML file."""
    plain = re.sub(r"^\w+ should", "it should", message)
    for theirs, ours in _WORDS.items():
        plain = plain.replace(theirs, ours)
    return plain


def _trimmed(root: type[BaseModel], where: Where) -> Where:
    """The location without pydantic's notes on which arm of a union, or which half of a pair, it tried."""
    known = next((length for length in range(len(where)) if annotation_at(root, where[: length + 1]) is None), None)
    return where if known is None else where[:known]


def _within(arm: Any, part: str | int) -> Any:
    if _is_model(arm):
        field = arm.model_fields.get(part)
        return field.annotation if field else None
    arguments = get_args(arm)
    if get_origin(arm) is dict and isinstance(part, str) and part != "[key]":
        return arguments[1]
    if get_origin(arm) in (list, tuple) and isinstance(part, int) and arguments:
        return arguments[0]
    return None


def _arms(annotation: Any) -> tuple[Any, ...]:
    """The arms of a union, without the notes of Annotated; anything else is its own only arm."""
    if get_origin(annotation) is Annotated:
        return _arms(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return tuple(arm for argument in get_args(annotation) for arm in _arms(argument))
    return (annotation,)


def _is_model(arm: Any) -> bool:
    return isinstance(arm, type) and issubclass(arm, BaseModel)


def _table(where: Where) -> str:
    """A table as its header stands in the file; of a list of tables, which one.

    >>> _table(("capture", "motion")), _table(("movement", "lines", 1))
    ('[capture.motion]', '[[movement.lines]] number 2')
    """
    if where and isinstance(where[-1], int):
        return f"[[{_dotted(where[:-1])}]] number {where[-1] + 1}"
    return f"[{_dotted(where)}]"


def _dotted(where: Where) -> str:
    return ".".join(str(part) for part in where).replace("..", ".")


def _shown(value: object) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."
