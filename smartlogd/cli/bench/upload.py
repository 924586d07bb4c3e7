"""How fast a recording comes into an object store, beside a bare client that puts the same file.

Both send the same bytes to the same bucket, turn about. Ours hashes what it sends, and proves that it is there; the
other does what its library does by itself. Whatever was sent is taken away again.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from uuid import uuid4

import smartlogd
from smartlogd.base.errors import Missing
from smartlogd.base.time import monotonic_s
from smartlogd.sync.bare import Bare
from smartlogd.sync.carry import Cargo, Carrier
from smartlogd.sync.credentials import Credentials
from smartlogd.sync.options import MediaOptions
from smartlogd.sync.place import Place
from smartlogd.sync.s3 import Objects

_MIB = 1024 * 1024
_ACCESS, _SECRET = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"


@dataclass(frozen=True, slots=True)
class Uploaded:
    """Seconds of each round, turn about, for a file of so many bytes."""

    bytes: int
    ours_s: tuple[float, ...]
    bare_s: tuple[float, ...]

    @property
    def ours_mib_per_s(self) -> float:
        """MiB a second, by the median."""
        return self.bytes / _MIB / median(self.ours_s)

    @property
    def bare_mib_per_s(self) -> float:
        """MiB a second of the bare client, by the median."""
        return self.bytes / _MIB / median(self.bare_s)

    @property
    def ratio(self) -> float:
        """How fast ours is, in speeds of the bare client: of the medians."""
        return median(self.bare_s) / median(self.ours_s)


def keys(state: Path, credentials: Path | None, environment: Mapping[str, str | None]) -> Credentials:
    """The device's own keys, else those of the environment; Missing without both."""
    access, secret = environment.get(_ACCESS), environment.get(_SECRET)
    try:
        return Credentials.of(state, credentials)
    except Missing as error:
        if not access or not secret:
            raise Missing(error.what, f"{error.hint} Or set {_ACCESS} and {_SECRET}.") from None
        return Credentials(access, secret)


async def upload(
    options: MediaOptions,
    credentials: Credentials,
    folder: Path,
    size_mib: int,
    rounds: int,
    said: Callable[[str], None],
) -> Uploaded:
    """Send a file of so many MiB `rounds` times each way; `said` is told of each round."""
    objects = Objects(options, credentials, version=smartlogd.__version__)
    bare = await asyncio.to_thread(Bare, options, credentials)
    away = Place(options.bucket, f"{options.prefix}/bench-{uuid4().hex}/".lstrip("/"))
    try:
        with tempfile.TemporaryDirectory(prefix="smartlogd-bench-", dir=folder) as name:
            file = Path(name) / "recording.mp4"
            cargo = _made(file, size_mib * _MIB, away)
            return await _rounds(Carrier(objects, options.part_mib), bare, cargo, rounds, said)
    finally:
        for place in (
            *await objects.unfinished(away),
            *(Place(away.bucket, one.key) for one in await objects.listed(away)),
        ):
            await objects.abandon(place)
            await objects.delete(place)
        objects.close()
        bare.close()


async def _rounds(carrier: Carrier, bare: Bare, cargo: Cargo, rounds: int, said: Callable[[str], None]) -> Uploaded:
    """The first round is thrown away: connecting, and finding out how quick the line is, happens once a day."""
    ours_s, bare_s = [], []
    for number in range(rounds + 1):
        ours_s.append(await _sent(carrier, _named(cargo, f"ours-{number}.mp4")))
        bare_s.append(await asyncio.to_thread(bare.put, cargo.file, _named(cargo, f"bare-{number}.mp4").place))
        if number:
            said(f"round {number} of {rounds}: ours {ours_s[-1]:.2f} s, bare {bare_s[-1]:.2f} s")
    return Uploaded(cargo.bytes, tuple(ours_s[1:]), tuple(bare_s[1:]))


async def _emptied(objects: Objects, folder: Place) -> None:
    """Take away what was sent, and what was begun to be."""
    for begun in await objects.unfinished(folder):
        await objects.abandon(begun)
    for one in await objects.listed(folder):
        await objects.delete(Place(folder.bucket, one.key))


async def _sent(carrier: Carrier, cargo: Cargo) -> float:
    began_s = monotonic_s()
    await carrier.carry(cargo, _at_once)
    return monotonic_s() - began_s


async def _at_once(_sent: int) -> None:
    """No rows go first."""


def _made(file: Path, size: int, folder: Place) -> Cargo:
    """A file of random bytes."""
    whole = hashlib.sha256()
    with file.open("wb") as out:
        for _ in range(size // _MIB):
            block = os.urandom(_MIB)
            whole.update(block)
            out.write(block)
    return Cargo(file, size, whole.hexdigest(), folder)


def _named(cargo: Cargo, name: str) -> Cargo:
    place = Place(cargo.place.bucket, f"{cargo.place.key}{name}")
    return Cargo(cargo.file, cargo.bytes, cargo.sha256, place)
