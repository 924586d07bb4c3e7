"""One TOML file, one table per room in the river's order; what is wrong in it is said in one sentence.

Later sources win over earlier ones: defaults, the file, `.env` in the working directory, the environment
(`SMARTLOG_<TABLE>__<KEY>`), what was given on the command line.
"""

from __future__ import annotations

import json
import math
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from smartlogd.base.errors import Missing, WrongConfiguration
from smartlogd.capture.options import CaptureOptions
from smartlogd.complaints import Where, annotation_at, complaint
from smartlogd.detect.options import DetectOptions
from smartlogd.device import DeviceOptions, Folders, folders
from smartlogd.identify.options import IdentifyOptions
from smartlogd.movement.options import MovementOptions
from smartlogd.record.options import RecordOptions
from smartlogd.routines.options import RoutinesOptions
from smartlogd.store.options import StoreOptions
from smartlogd.sync.options import SyncOptions
from smartlogd.telemetry.options import TelemetryOptions

PREFIX = "SMARTLOG_"
LARGEST_FILE = 256 * 1024
JOIN = "For that of a service, join its group, and log in again: sudo usermod -aG smartlogd $USER"
PLACES = ("~/.config/smartlogd/smartlogd.toml", "/etc/smartlogd/smartlogd.toml")
Tree: TypeAlias = dict[str, Any]


class Settings(BaseModel):
    """Everything that can be set, room by room."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: DeviceOptions = Field(default_factory=DeviceOptions, description="This device's name and folders.")
    capture: CaptureOptions = Field(default_factory=CaptureOptions, description="Light -> frames.")
    detect: DetectOptions = Field(default_factory=DetectOptions, description="Frames -> detections.")
    identify: IdentifyOptions = Field(default_factory=IdentifyOptions, description="Faces -> who they are.")
    movement: MovementOptions = Field(default_factory=MovementOptions, description="Detections -> crossings.")
    record: RecordOptions = Field(default_factory=RecordOptions, description="Crossings -> events and pictures.")
    store: StoreOptions = Field(default_factory=StoreOptions, description="Events -> SQLite.")
    sync: SyncOptions = Field(default_factory=SyncOptions, description="SQLite -> the centre, and back.")
    telemetry: TelemetryOptions = Field(
        default_factory=TelemetryOptions, description="Health and events -> MQTT, systemd, Prometheus."
    )
    routines: RoutinesOptions = Field(default_factory=RoutinesOptions, description="What is done at certain times.")

    def folders(self) -> Folders:
        """Where this device keeps its database, its models and its control socket."""
        return folders(self.device, self.detect.models_dir, os.environ)


class WrongSettings(WrongConfiguration):
    """Everything that is wrong with the settings; the first of it is the error's sentence."""

    def __init__(self, problems: tuple[WrongConfiguration, ...]) -> None:
        more = len(problems) - 1
        tail = f" ({more} more: smartlogd check-config lists all.)" if more else ""
        super().__init__(problems[0].what, (problems[0].hint + tail).strip())
        self.problems = problems


def read_settings(path: Path | None = None, overrides: Mapping[str, object] | None = None) -> Settings:
    """The settings of this start: `path` (or the usual file, if there is one), the environment, `overrides`.

    `overrides` has dotted keys: {"capture.source": "demo"}. Raises Missing for a file that was named and is
    not there, WrongSettings for everything else that cannot be meant.
    """
    file = path if path is not None else usual_file()
    tree = _parsed(file) if file is not None else {}
    origins: dict[Where, str] = {}
    for name, text in sorted(environment().items()):
        if where := _variable(name):
            _set(tree, where, _value(text, annotation_at(Settings, where)), origins, f"from the variable {name}")
    for dotted, value in (overrides or {}).items():
        _set(tree, tuple(dotted.split(".")), value, origins, "from the command line")
    return _validated(tree, origins, f"in {file}" if file is not None else "in the settings")


def usual_file() -> Path | None:
    """The configuration file when none is named: $SMARTLOG_CONFIG, the user's, the system's, or none."""
    if named := environment().get("SMARTLOG_CONFIG"):
        return Path(named)
    return next((place for place in (Path(text).expanduser() for text in PLACES) if _is_file(place)), None)


def environment() -> dict[str, str]:
    """The environment's SMARTLOG_ variables, over those of `.env` in the working directory."""
    own = {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
    file = Path(".env")
    if not file.is_file():
        return own
    import io

    from dotenv import dotenv_values

    values = dotenv_values(stream=io.StringIO(_text(file)), interpolate=False)
    return {name: value for name, value in values.items() if value is not None and name.startswith(PREFIX)} | own


def differences(old: BaseModel, new: BaseModel, before: str = "") -> Iterator[str]:
    """The dotted keys in which two settings differ."""
    for key in type(old).model_fields:
        one, other = getattr(old, key), getattr(new, key)
        if one == other:
            continue
        if isinstance(one, BaseModel) and isinstance(other, BaseModel):
            yield from differences(one, other, f"{before}{key}.")
        else:
            yield f"{before}{key}"


# Reading -----------------------------------------------------------------------------------------


def _is_file(place: Path) -> bool:
    """Whether there is one; in a folder that is closed to this user there may be: reading it will say."""
    try:
        return place.is_file()
    except PermissionError:
        return True


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
    except IsADirectoryError as error:
        raise WrongConfiguration(f"{path} is a folder, not a configuration file.", "Name a TOML file.") from error
    except FileNotFoundError as error:
        hint = "Copy config/smartlogd.toml there, or leave --config out to run with the defaults."
        raise Missing(f"There is no configuration file {path}.", hint) from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        hint = f"Check its owner and permissions. {JOIN}" if isinstance(error, PermissionError) else "Check the disk."
        raise WrongConfiguration(f"{path} cannot be read: {reason}.", hint) from error
    if len(raw) > LARGEST_FILE:
        raise WrongConfiguration(
            f"{path} is larger than {LARGEST_FILE // 1024} KiB.", "It is no configuration of ours."
        )
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        what = f"{path} is not UTF-8 text (byte {error.start} cannot be read)."
        raise WrongConfiguration(what, "Save it again as UTF-8.") from error


def _parsed(path: Path) -> Tree:
    text = _text(path)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        hint = "Compare with config/smartlogd.toml."
        raise WrongConfiguration(f"{path} is not valid TOML: {_lower(str(error))}.", hint) from error
    except RecursionError as error:
        raise WrongConfiguration(f"{path} nests too deeply.", "Compare with config/smartlogd.toml.") from error


def _variable(name: str) -> Where | None:
    """The key that an environment variable sets, None for one that is not about a table."""
    parts = tuple(name.removeprefix(PREFIX).lower().split("__"))
    if len(parts) > 1:
        return parts
    table = next((table for table in Settings.model_fields if parts[0].startswith(f"{table}_")), None)
    if table is None:
        return None
    meant = f"{PREFIX}{table}__{parts[0].removeprefix(f'{table}_')}".upper()
    raise WrongConfiguration(f"The environment variable {name} sets nothing.", f"Is {meant} (two underscores) meant?")


def _value(text: str, annotation: Any) -> object:
    """A variable's text as the TOML value that the key wants: text where it wants text."""
    if _takes_text(annotation):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        return text  # let the validation say what is wanted instead


def _takes_text(annotation: Any) -> bool:
    arms = get_args(annotation) or (annotation,)
    return any(arm in (str, Path) or isinstance(arm, str) for arm in arms)


def _set(tree: Tree, where: Where, value: object, origins: dict[Where, str], origin: str) -> None:
    """Put a value into the tree, and remember where it, and a table that was not there before, came from."""
    if where[0] not in tree:
        origins[where[:1]] = origin
    for part in where[:-1]:
        branch = tree.setdefault(str(part), {})
        if not isinstance(branch, dict):
            return  # the file has a plain value where a table belongs, and the validation will say so
        tree = branch
    tree[str(where[-1])] = value
    origins[where] = origin


# Judging -----------------------------------------------------------------------------------------


def _validated(tree: Tree, origins: Mapping[Where, str], source: str) -> Settings:
    """The settings in `tree`, strictly typed: "10" is no number, true is no 1, and nan is nothing."""
    for where, value in _leaves(tree):
        if isinstance(value, float) and not math.isfinite(value):
            raise WrongSettings(
                (
                    WrongConfiguration(
                        f"{_dotted(where)} {_origin(where, origins, source)} is {value}, which is no number."
                    ),
                )
            )
    try:
        return Settings.model_validate_json(json.dumps(tree, default=str), strict=True)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False)
        raise WrongSettings(
            tuple(complaint(Settings, fault, _origin(tuple(fault["loc"]), origins, source)) for fault in faults)
        ) from error


def _origin(where: Where, origins: Mapping[Where, str], source: str) -> str:
    """Where the value at `where` came from: whoever named the most of it."""
    lengths = range(len(where), 0, -1)
    return next((origins[where[:length]] for length in lengths if where[:length] in origins), source)


def _leaves(tree: Any, where: Where = ()) -> Iterator[tuple[Where, object]]:
    if isinstance(tree, (dict, list)):
        pairs = tree.items() if isinstance(tree, dict) else enumerate(tree)
        for key, value in pairs:
            yield from _leaves(value, (*where, key))
    else:
        yield where, tree


def _dotted(where: Where) -> str:
    return ".".join(str(part) for part in where)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
