"""The administrator's file of the fleet key: the one place, beside the devices themselves, where it lies open.

    {"smartlogd": 1, "centre": "<uuid>", "keys": ["<base64>", ...], "devices": {"door": "<base64>", ...}}

`keys` are the fleet keys, the newest first; older ones open what was wrapped before a device was revoked. `devices`
are the delivery keys, by which a new fleet key is wrapped for each of them. Whoever has this file and the centre's
`person_keys` opens every face of the fleet: it is 0600, and belongs into a backup of its own.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, ValidationError

from smartlogd.base.errors import Missing, WrongConfiguration
from smartlogd.sync import private

USUAL = Path("~/.config/smartlogd/fleet.json")
KEY_BYTES = 32
MOST_KEYS = 1000


def _key(text: object) -> bytes:
    try:
        key = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError("is no key of 32 bytes in base64")
    return key


Key = Annotated[bytes, PlainValidator(_key), PlainSerializer(lambda key: base64.b64encode(key).decode())]
Name = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,63}$")]


class _File(BaseModel):
    """What stands in the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    smartlogd: Literal[1] = Field(1, description="The version of this form.")
    centre: UUID = Field(description="The central database whose fleet it is.")
    keys: tuple[Key, ...] = Field(min_length=1, max_length=MOST_KEYS, description="Fleet keys, the newest first.")
    devices: dict[Name, Key] = Field(default_factory=dict, max_length=100_000, description="Delivery keys by device.")


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """Fleet keys, the newest first, and the delivery key of each device; belongs to one centre."""

    centre: UUID
    keys: tuple[bytes, ...]
    devices: Mapping[str, bytes]

    @property
    def newest(self) -> bytes:
        """The fleet key by which keys are wrapped from now on."""
        return self.keys[0]

    def turned(self, key: bytes) -> Keyring:
        """With a new fleet key before the others."""
        return replace(self, keys=(key, *self.keys)[:MOST_KEYS])

    def with_device(self, name: str, delivery: bytes) -> Keyring:
        """With the delivery key of one device, new or anew."""
        return replace(self, devices={**self.devices, name: delivery})

    def without(self, name: str) -> Keyring:
        """Without one device."""
        return replace(self, devices={each: key for each, key in self.devices.items() if each != name})


def read(path: Path, centre: UUID) -> Keyring | None:
    """The keyring of this centre; None where there is no file.

    WrongConfiguration where the file is no keyring, or another centre's.
    """
    text = private.read(path)
    if text is None:
        return None
    hint = "Name the right one with --fleet-key, or put it back from its backup."
    try:
        file = _File.model_validate_json(text)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"]) or "it"
        raise WrongConfiguration(f"{path} is no file of a fleet key: {where} is not as it must be.", hint) from None
    if file.centre != centre:
        raise WrongConfiguration(f"{path} holds the fleet key of another centre.", hint)
    return Keyring(file.centre, file.keys, file.devices)


def needed(path: Path, centre: UUID) -> Keyring:
    """The keyring of this centre; Missing where there is no file."""
    here = read(path, centre)
    if here is None:
        hint = "Name it with --fleet-key; on a new centre `smartlogd central init` makes it."
        raise Missing(f"The file of the fleet key, {path}, is not there.", hint)
    return here


def write(path: Path, keyring: Keyring) -> None:
    """Keep the keyring, 0600, in the place of the earlier one."""
    file = _File.model_construct(centre=keyring.centre, keys=keyring.keys, devices=dict(keyring.devices))
    private.place(path, file.model_dump_json(indent=1).encode() + b"\n")
