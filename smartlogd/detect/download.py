"""One file by http(s): resumed where it broke off, bounded, checked, then renamed."""

from __future__ import annotations

import fcntl
import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO

from smartlogd.base.errors import ServiceAway, UnusableInput
from smartlogd.detect.catalogue import Address, ModelSpec
from smartlogd.detect.files import disk_trouble, folder_made, place

_TIMEOUT_S = 20.0
_CHUNK = 1 << 16
_TRIES = 5
_PARTIAL, _RANGE_NOT_SATISFIABLE = 206, 416

Told = Callable[[int], None]
"""Hears how many bytes are there by now."""


def download(spec: ModelSpec, address: Address, folder: Path, told: Told) -> Path:
    """The model from `address`, placed in `folder`; what had come before a break is kept and asked for no more.

    Raises ServiceAway when the server cannot be reached or breaks off again and again, UnusableInput when
    it gives something else than the model, DiskTrouble when the folder cannot be written.
    """
    whose = hashlib.sha256(address.url.encode()).hexdigest()[:8]  # one address must not go on with another's bytes
    part = folder_made(folder) / f"{spec.file}.{whose}.part"
    try:
        with part.open("a+b") as file:
            _only_one(file, spec)
            try:
                return _whole(file, spec, address, folder, told)
            finally:
                if not 0 < file.seek(0, 2) < spec.bytes:  # nothing worth going on from
                    part.unlink()
    except OSError as error:
        raise disk_trouble(f"The model {spec.name} cannot be written into {folder}", error) from error


def _only_one(file: IO[bytes], spec: ModelSpec) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ServiceAway(f"Another process is fetching the model {spec.name}.", "Wait for it to end.") from error


def _whole(file: IO[bytes], spec: ModelSpec, address: Address, folder: Path, told: Told) -> Path:
    for _ in range(_TRIES):
        if _went_on(file, spec, address, told):
            break
    return _checked(file, spec, folder)


def _went_on(file: IO[bytes], spec: ModelSpec, address: Address, told: Told) -> bool:
    """Ask for what is missing and write it; whether the file is whole now."""
    have = file.seek(0, 2)
    if have >= spec.bytes:
        return True
    request = urllib.request.Request(address.url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310 - http(s), see the catalogue
    try:
        answer = urllib.request.urlopen(request, timeout=_TIMEOUT_S)  # noqa: S310 - http(s), see the catalogue
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == _RANGE_NOT_SATISFIABLE and have:
            file.truncate(0)
            return False
        raise ServiceAway(f"{address.url} answered {error.code} {error.reason}.") from error
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise ServiceAway(f"{address.url} cannot be reached: {reason}.") from error
    with answer:
        return _written(file, answer, have, spec, told)


def _written(file: IO[bytes], answer: http.client.HTTPResponse, have: int, spec: ModelSpec, told: Told) -> bool:
    """Write the answer behind what is there, or anew when the server begins at the beginning."""
    if _announced(answer) not in (None, spec.bytes):
        file.truncate(0)
        raise _other(spec)
    if have and not _resumes(answer, have):
        file.truncate(0)
        have = 0
    while have <= spec.bytes:
        chunk = _read(answer)
        if not chunk:
            break
        file.write(chunk)
        have += len(chunk)
        told(min(have, spec.bytes))
    file.flush()
    return have >= spec.bytes


def _read(answer: http.client.HTTPResponse) -> bytes:
    try:
        return answer.read(_CHUNK)
    except (http.client.HTTPException, OSError):  # broken off: what came is kept, the rest is asked for again
        return b""


def _resumes(answer: http.client.HTTPResponse, have: int) -> bool:
    return answer.status == _PARTIAL and (answer.headers.get("Content-Range") or "").startswith(f"bytes {have}-")


def _announced(answer: http.client.HTTPResponse) -> int | None:
    """How long the whole file is, as the server says; None when it does not."""
    length = answer.headers.get("Content-Length") or ""
    if answer.status == _PARTIAL:
        length = (answer.headers.get("Content-Range") or "").rpartition("/")[2]
    return int(length) if length.isdecimal() else None


def _other(spec: ModelSpec) -> UnusableInput:
    return UnusableInput(f"The address gives something else than the model {spec.name}.")


def _checked(file: IO[bytes], spec: ModelSpec, folder: Path) -> Path:
    have = file.seek(0, 2)
    if have < spec.bytes:
        raise ServiceAway(
            f"The download of the model {spec.name} broke off at {have} of {spec.bytes} bytes.",
            "Ask again: it goes on from there.",
        )
    try:
        file.seek(0)
        return place(file, spec, folder)
    except UnusableInput as error:
        raise _other(spec) from error
