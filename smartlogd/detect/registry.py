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
from smartlogd.detect.catalogue import ModelSpec, read_catalogue
from smartlogd.detect.fetch import Fetching, Progress, Watch
from smartlogd.detect.files import place, sha256_of

_FETCH = "Fetch it: smartlogd models fetch."
RECOGNITION = ("face_short_range", "face_embedder")
"""What recognising a face takes beside finding it: a second, closer look for its keypoints, and its embedding."""
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


def default_models(profile: Literal["door", "wide"]) -> tuple[str, ...]:
    """The models a profile needs, those for feet and for recognising faces included."""
    return _DEFAULTS[profile]


class Registry:
    """The models folder, its catalogue, and the mirror that is asked before the network."""

    def __init__(
        self,
        catalogue: tuple[ModelSpec, ...],
        folder: Path,
        mirror: Path | None = None,
        *,
        instead: Mapping[str, ModelSpec] = MappingProxyType({}),
    ) -> None:
        """`instead` are the models that were activated, by the names of those in whose place they are used."""
        self._specs = {spec.name: spec for spec in catalogue}
        self._folder = folder
        self._mirror = mirror
        self._instead = instead

    @property
    def folder(self) -> Path:
        """Where the models' files lie."""
        return self._folder

    def using(self, place: str, spec: ModelSpec) -> Registry:
        """This registry, but with that model in the place."""
        instead = {**self._instead, place: spec}
        return Registry(tuple(self._specs.values()), self._folder, self._mirror, instead=instead)

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


__all__ = ["RECOGNITION", "ModelSpec", "ModelState", "Progress", "Registry", "default_models", "read_catalogue"]
