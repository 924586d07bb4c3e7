"""The models of this device: which are here, where they come from, and that each is what its hash says.

Bytes with another hash are never loaded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.detect.catalogue import ModelSpec, own_model, read_catalogue
from smartlogd.detect.fetch import Fetching, Progress, Watch
from smartlogd.detect.files import place, sha256_of

_FETCH = "Fetch it: smartlogd models fetch."
RECOGNITION = ("face_short_range", "face_embedder")
"""What recognising a face takes beside finding it: a second, closer look for its keypoints, and its embedding."""
SOUND_MODEL = "yamnet"
"""What hearing takes."""
_DEFAULTS: dict[Literal["door", "wide"], tuple[str, ...]] = {
    "door": ("face_full_range", "pose_detector", "pose_landmark_full", *RECOGNITION),
    "wide": ("coco_ssd_mobilenet",),
}


@dataclass(frozen=True, slots=True)
class ModelState:
    """Whether a model is here: ok, missing, or tampered (there, with other bytes)."""

    spec: ModelSpec
    word: Literal["ok", "missing", "tampered"]
    path: Path


def default_models(profile: Literal["door", "wide"], *, sounds: bool = False) -> tuple[str, ...]:
    """The models a profile needs, those for feet and for recognising faces included; and for `sounds`, if heard."""
    return (*_DEFAULTS[profile], *((SOUND_MODEL,) if sounds else ()))


class Registry:
    """The models folder, its catalogue, and the mirror that is asked before the network."""

    def __init__(
        self,
        catalogue: tuple[ModelSpec, ...],
        folder: Path,
        mirror: Path | None = None,
        *,
        instead: Mapping[str, ModelSpec] = MappingProxyType({}),
        own: tuple[ModelSpec, ...] = (),
    ) -> None:
        """`instead` are the models that were activated, by the names of those in whose place they are used.

        `own` are those that were added here and stand in no catalogue.
        """
        self._specs = {spec.name: spec for spec in catalogue}
        self._folder = folder
        self._mirror = mirror
        self._instead, self._own = instead, own

    @property
    def folder(self) -> Path:
        """Where the models' files lie."""
        return self._folder

    def using(self, place: str, spec: ModelSpec) -> Registry:
        """This registry, but with that model in the place."""
        instead = {**self._instead, place: spec}
        return Registry(tuple(self._specs.values()), self._folder, self._mirror, instead=instead, own=self._own)

    def in_use(self, place: str) -> ModelSpec:
        """The model that is used in this place: the one activated, else the catalogue's own. Missing for neither."""
        return self._instead.get(place) or self.spec(place)

    def spec(self, name: str) -> ModelSpec:
        """The catalogue's entry. Raises Missing for a name it does not know."""
        if name not in self._specs:
            raise Missing(f"No model is called {name}.", f"The catalogue knows {', '.join(self._specs)}.")
        return self._specs[name]

    def content(self, name: str) -> bytes:
        """The model's bytes, verified. Raises Missing, or UnusableInput when they are not the model's.

        A model that is not here is taken from the mirror folder, if that has it, or converted, if what it is
        made of is here; no network is asked.
        """
        return self.content_of(self.in_use(name))

    def content_of(self, spec: ModelSpec) -> bytes:
        """The bytes of that very model, also where another is used in its place; errors as in `content`."""
        name, path = spec.name, self._folder / spec.file
        if not path.exists():
            Fetching([spec], self._folder, self._mirror, lambda _: None).without_network()
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
        return self._folder / self.in_use(name).file

    def states(self) -> tuple[ModelState, ...]:
        """Every model of the catalogue, and each that was added here, judged by its file's length: quick."""
        return tuple(self._state(spec, thoroughly=False) for spec in self._all())

    def verify(self) -> tuple[ModelState, ...]:
        """The same, judged by their files' hashes."""
        return tuple(self._state(spec, thoroughly=True) for spec in self._all())

    def _all(self) -> tuple[ModelSpec, ...]:
        return (*self._specs.values(), *self._own)

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

    def add_own(self, file: Path, said: Mapping[str, object]) -> Mapping[str, object]:
        """Take a local file as a model that is in no catalogue; what is known of it then, for the registry's table.

        `said` has its name, version, place, licence, labels, and its type where that is not the one of the place.
        Raises UnusableInput where it cannot be meant, or its name is the catalogue's; Missing without the file.
        """
        if str(said.get("name")) in self._specs:
            raise UnusableInput(f"The catalogue has a model {said['name']} already.", "Give yours another name.")
        place_, size = str(said.get("place")), _size_of(file)
        type_ = said.get("type") or (self._specs[place_].type if place_ in self._specs else place_)
        known = {**said, "type": type_, "bytes": size, "sha256": sha256_of(file)}
        spec = own_model(known)
        with file.open("rb") as source:
            place(source, spec, self._folder)
        return known

    def fetch(self, names: Sequence[str], progress: Watch) -> tuple[Path, ...]:
        """Get every named model that is not here, each verified before it gets its name.

        Raises Missing, when all that can be had is here, naming the models that no source gave and what was tried.
        """
        specs = [self.spec(name) for name in names]
        refused = Fetching(specs, self._folder, self._mirror, progress).run()
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


def _size_of(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError as error:
        raise Missing(f"The file {file} cannot be read: {error.strerror}.") from error


__all__ = ["RECOGNITION", "ModelSpec", "ModelState", "Progress", "Registry", "default_models", "read_catalogue"]
