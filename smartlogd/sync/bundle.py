"""The enrolment of a device at a centre: one JSON object, made by `central add-device`, kept by `sync join`.

    {"smartlogd": 1, "device": "door", "url": "postgresql://centre.example.org:5432/smartlog?sslmode=verify-full",
     "login": "smartlogd_door", "secret": "...", "client_certificate": null, "ca": "-----BEGIN CERTIFICATE-----...",
     "fleet_key": "<base64>", "delivery": null}

It lies in `<state>/centre.json`, 0600, or is the systemd credential `smartlogd-centre`. The URL never holds a login or
a password, and asks for `sslmode=verify-full` unless the server is on this machine. With a client certificate there is
no secret; `delivery` stands in its place where the fleet key is opened.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from smartlogd.base.errors import DiskTrouble, Exit, UnusableInput, WrongConfiguration
from smartlogd.sync import private

FILE = "centre.json"
CREDENTIAL = "smartlogd-centre"
MOST_BYTES = 128 * 1024
STRICT = "verify-full"
_MODES = frozenset({"disable", "allow", "prefer", "require", "verify-ca", STRICT})
_KNOWN = frozenset({"sslmode", "host", "port"})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

Word = Annotated[str, StringConstraints(min_length=16, max_length=256, pattern=r"^[!-~]+$")]


class Bundle(BaseModel):
    """Where the centre is, and how this device shows that it is itself."""

    # Errors must not repeat what was given: it may be the secret.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    smartlogd: Literal[1] = Field(description="The version of this form.")
    device: str = Field(pattern=r"^[a-z0-9-]{1,63}$", description="What the centre calls the device.")
    url: str = Field(max_length=1024, description="postgresql://host:port/database?sslmode=verify-full.")
    login: str = Field(pattern=r"^[A-Za-z0-9_-]{1,63}$", description="The role as which the device logs in.")
    secret: Word | None = Field(default=None, repr=False, description="Its password; null with a client certificate.")
    client_certificate: str | None = Field(
        default=None, min_length=1, max_length=256, description="Subject of the certificate that it shows instead."
    )
    ca: str | None = Field(
        default=None,
        max_length=65536,
        description="Who signed the server's certificate, PEM; null: who the system trusts.",
    )
    fleet_key: str = Field(max_length=512, repr=False, description="The fleet key, wrapped for this device, base64.")
    delivery: Word | None = Field(
        default=None, repr=False, description="What opens the fleet key where there is no secret; null where there is."
    )

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        Address.of(url)
        return url

    @field_validator("ca")
    @classmethod
    def _ca(cls, ca: str | None) -> str | None:
        if ca is not None and "-----BEGIN CERTIFICATE-----" not in ca:
            raise ValueError("is no certificate in PEM")
        if ca is not None and "PRIVATE KEY" in ca:
            raise ValueError("holds a private key, which must never leave its authority")
        return ca

    @field_validator("fleet_key")
    @classmethod
    def _fleet_key(cls, text: str) -> str:
        try:
            base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise ValueError("is not base64") from error
        return text

    @model_validator(mode="after")
    def _one_proof(self) -> Self:
        by_certificate = self.client_certificate is not None
        if (self.secret is None) != by_certificate or (self.delivery is not None) != by_certificate:
            raise ValueError("needs a secret, or else a client certificate and a delivery word")
        return self

    @property
    def address(self) -> Address:
        """Where the centre is."""
        return Address.of(self.url)

    @property
    def opener(self) -> str:
        """What the wrapped fleet key is opened with."""
        return self.secret or self.delivery or ""

    @property
    def wrapped_fleet_key(self) -> bytes:
        """The fleet key as it was wrapped for this device."""
        return base64.b64decode(self.fleet_key)


class Address(BaseModel):
    """What the URL of a centre says: which server, which database, how it must prove itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(max_length=255, description="Host name, address, or folder of a Unix socket.")
    port: int = Field(ge=1, le=65535, description="Its port.")
    database: str = Field(min_length=1, max_length=63, description="The database.")
    sslmode: str = Field(default=STRICT, description="How far the server's certificate is checked.")

    @property
    def is_here(self) -> bool:
        """Whether nobody but this machine can be at the other end."""
        return self.host.startswith("/") or self.host in _LOOPBACK

    @classmethod
    def of(cls, url: str) -> Address:
        """The parts of the URL; ValueError says, without repeating it, what is wrong with it.

        >>> Address.of("postgresql://centre.example.org/smartlog").sslmode
        'verify-full'
        """
        try:
            parts = urlsplit(url)
            port, given = parts.port, parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        except ValueError:
            raise ValueError("cannot be read as a URL") from None
        query = dict(given)
        if parts.scheme not in {"postgresql", "postgres"}:
            raise ValueError("must begin with postgresql://")
        if parts.username is not None or parts.password is not None:
            raise ValueError("must hold no login and no password")
        if query.keys() - _KNOWN or len(query) < len(given):
            raise ValueError("may say sslmode, host and port after the question mark, each once")
        host = query.get("host") or (parts.hostname or "")
        told = query.get("port") or (5432 if port is None else port)
        return cls._checked(host, told, unquote(parts.path[1:]), query.get("sslmode"))

    @classmethod
    def _checked(cls, host: str, port: int | str, database: str, sslmode: str | None) -> Address:
        if not host or "," in host or not host.isprintable() or " " in host:
            raise ValueError("must name one host")
        if not database or "/" in database or not database.isprintable():
            raise ValueError("must name a database")
        if not str(port).isdecimal() or not 0 < int(port) < 65536:
            raise ValueError("must name a port from 1 to 65535")
        made = cls(host=host, port=int(port), database=database[:64], sslmode=sslmode or STRICT)
        if made.sslmode not in _MODES:
            raise ValueError("names an sslmode that there is not")
        if made.sslmode != STRICT and not made.is_here:
            raise ValueError("must say sslmode=verify-full, for the server is not on this machine")
        return made


def parsed(text: str | bytes) -> Bundle:
    """The enrolment that this JSON is; UnusableInput says what is wrong with it, never what stands in it."""
    hint = "Take the JSON object whole, as `smartlogd central add-device` printed it."
    if len(text) > MOST_BYTES:
        raise UnusableInput(f"An enrolment has at most {MOST_BYTES // 1024} KiB, this has more.", hint)
    try:
        return Bundle.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "it"
        raise UnusableInput(f"This is no enrolment: {where}: {first['msg']}.", hint) from None


def printed(bundle: Bundle) -> str:
    """The enrolment as one line of JSON, with its secret."""
    return bundle.model_dump_json()


def kept(folder: Path, bundle: Bundle) -> Path:
    """Keep the enrolment in the state folder, 0600, in the place of an earlier one; gives its file."""
    private.place(folder / FILE, printed(bundle).encode() + b"\n")
    return folder / FILE


def found(folder: Path, credentials: Path | None = None) -> Bundle | None:
    """The enrolment of this device: systemd's credential, else the file in the state folder; None without both.

    WrongConfiguration where there is one that cannot be used.
    """
    for path, text in (_credential(credentials), (folder / FILE, private.read(folder / FILE))):
        if text is None:
            continue
        try:
            return parsed(text)
        except UnusableInput as error:
            hint = "Enrol the device again: smartlogd sync join FILE."
            raise WrongConfiguration(f"{path}: {error.what}", hint) from error
    return None


def left(folder: Path) -> bool:
    """Remove the enrolment from the state folder; True when there was one."""
    return private.remove(folder / FILE)


def _credential(credentials: Path | None) -> tuple[Path, bytes | None]:
    """The credential's file and bytes; its mode is systemd's affair."""
    path = (credentials or Path()) / CREDENTIAL
    if credentials is None:
        return path, None
    try:
        with path.open("rb") as file:
            return path, file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return path, None
    except OSError as error:
        hint = "See LoadCredential= in systemd.exec(5)."
        raise DiskTrouble(f"{path} cannot be read: {error.strerror}.", hint, code=Exit.PERMISSION) from error
