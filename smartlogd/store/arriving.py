"""Rows that come down from the centre, each with its bounds: nothing that does not fit comes near the database. Pure.

Fields that this smartlogd does not know are left aside, for a newer centre may say more; fields that an older centre
does not send are null.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Base64Bytes, BaseModel, ConfigDict, Field, model_validator

_YEAR_9999_US = 253_402_300_799_999_999
_LARGEST_JSON = 16 * 1024

Uid: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Micros: TypeAlias = Annotated[int, Field(ge=0, le=_YEAR_9999_US)]


def _small(value: Any) -> Any:
    if len(json.dumps(value)) > _LARGEST_JSON:
        raise ValueError(f"it has more than {_LARGEST_JSON} characters")
    return value


class Row(BaseModel):
    """Something that changed at the centre."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class UserRow(Row):
    """A person; `forgotten` where nobody is to know them any more."""

    uid: Uid
    email: Annotated[str, Field(max_length=320)] | None = None
    name: Annotated[str, Field(max_length=200)] | None = None
    role: Literal["owner", "admin", "member", "guest"] = "member"
    created: Micros
    updated: Micros
    consent: Micros | None = None
    forgotten: Micros | None = None


class SubjectRow(Row):
    """Someone seen: who it turned out to be, or which other subject it is one with."""

    uuid: Uid
    user: Uid | None = None
    has_face: bool = False
    ignored: bool = False
    merged_into: Uid | None = None
    first: Micros
    last: Micros
    rev: int = Field(0, ge=0, le=2**53)

    @model_validator(mode="after")
    def _not_itself(self) -> SubjectRow:
        if self.merged_into == self.uuid:
            raise ValueError("a subject is not merged into itself")
        return self


class FaceRow(Row):
    """A remembered face, sealed, and the key of its owner, wrapped by the fleet key."""

    id: Uid
    subject: Uid | None = None
    user: Uid | None = None
    model: str = Field(min_length=1, max_length=128)
    vector: Base64Bytes = Field(strict=False, min_length=32, max_length=4096)
    quality: float = Field(ge=0, le=1, allow_inf_nan=False)
    source: str = Field(max_length=16)
    created: Micros
    key: Base64Bytes = Field(strict=False, min_length=32, max_length=1024)

    @model_validator(mode="after")
    def _has_one_owner(self) -> FaceRow:
        if (self.subject is None) == (self.user is None):
            raise ValueError("a face belongs to a person or to someone seen, to one of them")
        return self

    @property
    def owner(self) -> str:
        """Whose face it is: a `uid`, or a subject's uuid."""
        return self.subject or self.user or ""


class FaceGone(Row):
    """A face that is not to be remembered any more."""

    id: Uid


class TombstoneRow(Row):
    """Someone who was forgotten, or who turned out to be another."""

    uid: Uid
    what: Literal["person", "stranger", "merged"]
    heir: Uid | None = None
    at: Micros

    @model_validator(mode="after")
    def _heir_of_the_merged(self) -> TombstoneRow:
        if (self.what == "merged") != (self.heir is not None) or self.heir == self.uid:
            raise ValueError("one who was merged has an heir, who is another, and nobody else has")
        return self


class RoutineRow(Row):
    """What is to happen at certain times."""

    uid: Uid
    owner: Uid
    device: Annotated[str, Field(max_length=64)] | None = None
    name: str = Field(max_length=200)
    cron: str = Field(max_length=100, pattern=r"^\S+( \S+){4}$")
    timezone: str = Field("UTC", max_length=64)
    steps: Annotated[list[dict[str, Any]], Field(max_length=100), AfterValidator(_small)]
    enabled: bool = True
    created: Micros
    updated: Micros
    last_run: Micros | None = None
    next_run: Micros | None = None


class RoutineGone(Row):
    """A routine that is no more."""

    uid: Uid


class ModelRow(Row):
    """A network that devices may use."""

    name: str = Field(min_length=1, max_length=64)
    version: str = Field(min_length=1, max_length=32)
    type: Literal["detector", "action", "pose", "policy", "embedder", "sound"]
    artifact_uri: str = Field(max_length=1024)
    status: Literal["available", "active", "retired"] = "available"
    created: Micros
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    license: Annotated[str, Field(max_length=64)] | None = None
    metadata: Annotated[dict[str, Any], AfterValidator(_small)] = Field(default_factory=dict)


class ModelGone(Row):
    """A network that is no more."""

    name: str = Field(min_length=1, max_length=64)
    version: str = Field(min_length=1, max_length=32)


class Owner(Row):
    """Whose device this is."""

    uid: Uid
    email: Annotated[str, Field(max_length=320)] | None = None
    name: Annotated[str, Field(max_length=200)] | None = None
    role: Literal["owner", "admin", "member", "guest"] = "owner"


class DeviceSaid(Row):
    """What the centre says of this device."""

    name: str = Field(max_length=64)
    enabled: bool = True
    site: Annotated[str, Field(max_length=64)] | None = None
    owner: Owner | None = None


_FORMS: Mapping[tuple[str, bool], type[Row]] = {
    ("user", False): UserRow,
    ("subject", False): SubjectRow,
    ("template", False): FaceRow,
    ("template", True): FaceGone,
    ("tombstone", False): TombstoneRow,
    ("routine", False): RoutineRow,
    ("routine", True): RoutineGone,
    ("model", False): ModelRow,
    ("model", True): ModelGone,
}


def form_of(row: Mapping[str, object]) -> type[Row] | None:
    """The form that a row of this kind has; None for a kind that is unknown here."""
    return _FORMS.get((str(row.get("kind")), row.get("gone") is True))
