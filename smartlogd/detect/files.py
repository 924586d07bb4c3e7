"""Files that are what their hash says: read, and placed whole or not at all."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import IO

from smartlogd.base.errors import DiskTrouble, Exit, Missing, UnusableInput
from smartlogd.base.files import sync_folder
from smartlogd.detect.catalogue import ModelSpec

_CHUNK = 1 << 20


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal. Raises Missing when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise Missing(f"The file {path} cannot be read: {error.strerror}.") from error


def is_here(spec: ModelSpec, folder: Path) -> bool:
    """Whether the model's file is in `folder`, with the model's bytes."""
    path = folder / spec.file
    return path.is_file() and path.stat().st_size == spec.bytes and sha256_of(path) == spec.sha256


def folder_made(folder: Path) -> Path:
    """The folder, made if it is not there. Raises DiskTrouble (exit 73) when it cannot be.

    The models may be the first to come into the state folder, which also keeps the log of who passed: it is
    made for its owner alone.
    """
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise disk_trouble(f"The models folder {folder} cannot be made", error) from error
    return folder


def place(source: IO[bytes], spec: ModelSpec, folder: Path) -> Path:
    """Copy the model out of `source` into `folder`: checked, synced, then renamed to its name.

    Raises UnusableInput when the bytes are not the model's (nothing is left behind), DiskTrouble when
    the folder cannot be written.
    """
    target = folder_made(folder) / spec.file
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=f".{spec.name}-", delete=False) as file:
            try:
                _copy(source, file, spec)
                file.flush()
                os.fchmod(file.fileno(), 0o644)
                os.fsync(file.fileno())
                Path(file.name).replace(target)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
        sync_folder(folder)
    except OSError as error:
        raise disk_trouble(f"The model {spec.name} cannot be written into {folder}", error) from error
    return target


def _copy(source: IO[bytes], target: IO[bytes], spec: ModelSpec) -> None:
    digest, left = hashlib.sha256(), spec.bytes + 1
    while left > 0 and (chunk := source.read(min(_CHUNK, left))):
        digest.update(chunk)
        target.write(chunk)
        left -= len(chunk)
    if left != 1 or digest.hexdigest() != spec.sha256:
        raise UnusableInput(f"What was found under the model {spec.name} has other bytes.")


def disk_trouble(what: str, error: OSError) -> DiskTrouble:
    """What to say when the models folder cannot be written (exit 73)."""
    return DiskTrouble(
        f"{what}: {error.strerror}.", "Is the disk full, or the folder another's?", code=Exit.CANNOT_CREATE
    )
