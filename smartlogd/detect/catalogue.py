"""The catalogue: every model by name, with its hash and the places it can be had from."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from smartlogd.base.errors import Missing, UnusableInput, WrongConfiguration

VARIABLE = "SMARTLOG_MODELS_TOML"
_MOST_BYTES = 1 << 30

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Length = Annotated[int, Field(gt=0, le=_MOST_BYTES)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]{0,63}$")]
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]  # safe in a command and in a path
Sentence = Annotated[str, Field(min_length=1, max_length=300)]
Type = Literal["detector", "action", "pose", "policy", "embedder", "sound", "picture", "weights"]
Precision = Literal["float32", "float16"]


@dataclass(frozen=True, slots=True)
class Wheel:
    """A file of the package index, by its tags and hash; single members are taken, nothing is installed."""

    package: str
    version: str
    python: str
    abi: str
    platform: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Sdist:
    """A source archive of the package index, by its hash; single members are taken, nothing in it is run."""

    package: str
    version: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Member:
    """The model is this member of a wheel or of a source archive."""

    archive: Wheel | Sdist
    path: str


@dataclass(frozen=True, slots=True)
class Address:
    """The model is what this http(s) address gives."""

    url: str


@dataclass(frozen=True, slots=True)
class Converted:
    """The model is made here, out of another of the catalogue; `precision` is that of its weights."""

    original: ModelSpec
    precision: Precision


Source: TypeAlias = Member | Address | Converted


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One model: what it is, its exact bytes, and where it can be had, best source first."""

    name: str
    version: str
    type: Type
    bytes: int
    sha256: str
    licence: str
    input: str
    output: str
    suffix: str
    sources: tuple[Source, ...]
    place: str = ""
    """The model in whose place it may be used; empty: in its own."""
    labels: tuple[str, ...] = ()
    """What the numbers of its output stand for, in their order, where it has classes."""
    for_tests: bool = False
    """Nobody vouches for where it comes from: it is fetched only by name, and taken only where its own is missing."""

    @property
    def stands_for(self) -> str:
        """The place that it can take: a model's name, as the code asks for it."""
        return self.place or self.name

    @property
    def file(self) -> str:
        """The file's name in the models folder; another edition has another one, so that both can lie there."""
        return f"{self.name}-{self.sha256[:12]}{self.suffix}"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _WheelTable(_Strict):
    id: Word
    package: Word
    version: Word
    python: Annotated[str, Field(pattern=r"^3\.[0-9]{1,2}$")]
    abi: Word
    platform: Word
    bytes: Length
    sha256: Sha256


class _SdistTable(_Strict):
    id: Word
    package: Word
    version: Word
    bytes: Length
    sha256: Sha256


class _MemberTable(_Strict):
    wheel: Word
    member: Sentence


class _SdistMemberTable(_Strict):
    sdist: Word
    member: Sentence


class _AddressTable(_Strict):
    url: Annotated[str, Field(pattern=r"^https?://\S+$", max_length=1000)]


class _ConvertedTable(_Strict):
    converted: Name
    precision: Precision


def _kind_of_source(table: object) -> str:
    """Which of the four a source is meant to be, so that what is wrong is said of that one."""
    keys = table.model_fields_set if isinstance(table, BaseModel) else table
    return next((tag for tag in ("sdist", "url", "converted") if isinstance(keys, Collection) and tag in keys), "wheel")


_SourceTable = Annotated[
    Annotated[_MemberTable, Tag("wheel")]
    | Annotated[_SdistMemberTable, Tag("sdist")]
    | Annotated[_AddressTable, Tag("url")]
    | Annotated[_ConvertedTable, Tag("converted")],
    Discriminator(_kind_of_source),
]


class _ModelTable(_Strict):
    name: Name
    version: Word
    type: Type
    bytes: Length
    sha256: Sha256
    licence: Sentence
    input: Sentence
    output: Sentence
    suffix: Literal[".tflite", ".png", ".dat"] = ".tflite"
    place: Literal[""] | Name = ""
    labels: tuple[Sentence, ...] = ()
    for_tests: bool = False
    sources: tuple[_SourceTable, ...]

    @field_validator("sources")
    @classmethod
    def _can_be_had(cls, sources: tuple[_SourceTable, ...], info: ValidationInfo) -> tuple[_SourceTable, ...]:
        if not sources and not info.data.get("for_tests"):
            raise ValueError("a model needs one; only one for tests may be had from a mirror alone")
        return sources


class _File(_Strict):
    wheel: tuple[_WheelTable, ...] = ()
    sdist: tuple[_SdistTable, ...] = ()
    model: tuple[_ModelTable, ...]

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        names = [model.name for model in self.model]
        for number, model in enumerate(self.model):
            if names.count(model.name) > 1:
                raise ValueError(f"the model {model.name} stands there twice")
            for source in model.sources:
                self._is_there(source, model.name, names[:number])
        return self

    def _is_there(self, source: object, model: str, before: list[str]) -> None:
        """Refuse a source that names what is not there; what a model is made of stands before it, so no ring can be."""
        if isinstance(source, _MemberTable) and source.wheel not in {wheel.id for wheel in self.wheel}:
            raise ValueError(f"the model {model} names the wheel {source.wheel}, which is not there")
        if isinstance(source, _SdistMemberTable) and source.sdist not in {sdist.id for sdist in self.sdist}:
            raise ValueError(f"the model {model} names the sdist {source.sdist}, which is not there")
        if isinstance(source, _ConvertedTable) and source.converted not in before:
            raise ValueError(f"the model {model} is made of {source.converted}, which does not stand before it")


class _OwnModel(_Strict):
    """A model that a person brings: what they say of it."""

    name: Name
    version: Word
    type: Literal["detector", "action", "pose", "embedder", "sound"]
    place: Name
    bytes: Length
    sha256: Sha256
    licence: Sentence = "unknown"
    labels: tuple[Annotated[str, Field(min_length=1, max_length=64)], ...] = Field((), max_length=1000)


def own_model(said: Mapping[str, object]) -> ModelSpec:
    """A model that is in no catalogue, by what is said of it; UnusableInput, with the key, where it cannot be meant."""
    try:
        own = _OwnModel.model_validate({key: value for key, value in said.items() if key in _OwnModel.model_fields})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"]) or "it"
        raise UnusableInput("The model cannot be meant as it is described.", f"{where}: {first['msg']}.") from error
    return ModelSpec(**own.model_dump(), input="", output="", suffix=".tflite", sources=())


def read_catalogue(path: Path | None = None) -> tuple[ModelSpec, ...]:
    """Every model of the catalogue at `path`, else of the one that `catalogue_path` finds.

    Raises Missing when there is no such file, and WrongConfiguration, naming the place, when it cannot be meant.
    """
    place = path or catalogue_path()
    try:
        tables = _File.model_validate(tomllib.loads(place.read_text("utf-8")))
    except OSError as error:
        raise Missing(f"The catalogue of models {place} cannot be read.", f"{error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongConfiguration(f"The catalogue of models {place} is no TOML.", f"{error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"]) or "the file"
        raise WrongConfiguration(
            f"The catalogue of models {place} cannot be meant.", f"{where}: {first['msg']}."
        ) from error
    wheels = {table.id: Wheel(**table.model_dump(exclude={"id"})) for table in tables.wheel}
    sdists = {table.id: Sdist(**table.model_dump(exclude={"id"})) for table in tables.sdist}
    specs: dict[str, ModelSpec] = {}
    for table in tables.model:
        sources = tuple(_source(source, wheels, sdists, specs) for source in table.sources)
        fields = {key: getattr(table, key) for key in _ModelTable.model_fields}
        specs[table.name] = ModelSpec(**{**fields, "sources": sources})
    return tuple(specs.values())


def catalogue_path() -> Path:
    """Where models.toml lies: $SMARTLOG_MODELS_TOML, else /etc/smartlogd, the share folder, or the checkout.

    Raises Missing, with the places, when it is at none of them.
    """
    named = os.environ.get(VARIABLE)
    usual = (
        Path("/etc/smartlogd/models.toml"),
        Path(sys.prefix) / "share/smartlogd/models.toml",
        Path(__file__).resolve().parents[2] / "config/models.toml",
    )
    places = (Path(named),) if named else usual
    for place in places:
        if place.is_file():
            return place
    raise Missing(
        "The catalogue of models, models.toml, is not there.",
        f"It was looked for at {', '.join(map(str, places))}. Say where it is in {VARIABLE}.",
    )


def _source(
    table: _SourceTable, wheels: Mapping[str, Wheel], sdists: Mapping[str, Sdist], before: Mapping[str, ModelSpec]
) -> Source:
    if isinstance(table, _MemberTable):
        return Member(wheels[table.wheel], table.member)
    if isinstance(table, _SdistMemberTable):
        return Member(sdists[table.sdist], table.member)
    if isinstance(table, _ConvertedTable):
        return Converted(before[table.converted], table.precision)
    return Address(table.url)
