"""One file by http(s): resumed where it broke off, bounded, checked, then renamed."""

from __future__ import annotations

import fcntl
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO

from smartlogd.base.errors import ServiceAway, UnusableInput
from smartlogd.detect.catalogue import Address, ModelSpec
from smartlogd.detect.files import folder_made, place

_TIMEOUT_S = 20.0
_CHUNK = 1 << 16
_TRIES = 5
_OK, _PARTIAL, _RANGE_NOT_SATISFIABLE = 200, 206, 416

Told = Callable[[int], None]
"""Hears how many bytes are there by now."""


def download(spec: ModelSpec, address: Address, folder: Path, told: Told) -> Path:
    """The model from `address`, placed in `folder`; what had come before a break is kept and asked for no more.

    Raises ServiceAway when the server cannot be reached or breaks off again and again, UnusableInput when
    it gives something else than the model.
    """
    part = folder_made(folder) / f"{spec.file}.part"
    with part.open("a+b") as file:
        _only_one(file, spec)
        try:
            for _ in range(_TRIES):
                if _went_on(file, spec, address, told):
                    break
            return _checked(file, spec, folder)
        finally:
            if not 0 < file.seek(0, 2) < spec.bytes:  # nothing worth going on from
                part.unlink()


def _only_one(file: IO[bytes], spec: ModelSpec) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ServiceAway(f"Another process is fetching the model {spec.name}.", "Wait for it to end.") from error


def _went_on(file: IO[bytes], spec: ModelSpec, address: Address, told: Told) -> bool:
    """Ask for what is missing and write it; whether the file is whole now."""
    have = file.seek(0, 2)
    if have >= spec.bytes:
        return True
    request = urllib.request.Request(address.url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310 - http(s), see the catalogue
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - http(s), see the catalogue
            return _written(file, answer, have, spec, told)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == _RANGE_NOT_SATISFIABLE and have:
            file.truncate(0)
            return False
        raise ServiceAway(f"{address.url} answered {error.code} {error.reason}.") from error
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise ServiceAway(f"{address.url} cannot be reached: {reason}.") from error


def _written(file: IO[bytes], answer: http.client.HTTPResponse, have: int, spec: ModelSpec, told: Told) -> bool:
    """Write the answer behind what is there, or anew when the server begins at the beginning."""
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
        raise UnusableInput(f"The address gives something else than the model {spec.name}.") from error
