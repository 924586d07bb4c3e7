"""Which models these settings run on, and where their files come from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.settings import Settings, environment

if TYPE_CHECKING:
    from smartlogd.detect.catalogue import ModelSpec, Type
    from smartlogd.detect.registry import Registry
    from smartlogd.store.networks import Network


MIRROR = "SMARTLOG_MODEL_MIRROR"
DEMO_PHOTOS = ("astronaut", "camera")
ROW_TYPES = frozenset({"detector", "action", "pose", "policy", "embedder", "sound"})
"""Types of models that the registry's table knows; the catalogue has pictures and weights besides."""


def model_registry(settings: Settings) -> Registry:
    """The models of this device: their folder, the mirror that is asked before the network, and what was activated."""
    from smartlogd.detect.registry import Registry, read_catalogue
    from smartlogd.store.networks import all_of

    mirror = environment().get(MIRROR)
    catalogue, folders = read_catalogue(), settings.folders()
    rows = all_of(folders.state)
    used = (row for row in rows if row.status == "active" and row.place != row.name)
    names = {spec.name for spec in catalogue}
    return Registry(
        catalogue,
        folders.models,
        Path(mirror) if mirror else None,
        instead={row.place: model_spec(row, catalogue) for row in used},
        own=tuple(model_spec(row, catalogue) for row in rows if row.name not in names and row.bytes and row.sha256),
    )


def model_spec(network: Network, catalogue: tuple[ModelSpec, ...]) -> ModelSpec:
    """The model of a row: as the catalogue has it, else as it was added here. Missing where nobody has its file."""
    from smartlogd.detect.catalogue import ModelSpec

    for spec in catalogue:
        if (spec.name, spec.version) == (network.name, network.version):
            return spec
    if network.sha256 is None or network.bytes is None:
        what = f"The file of the model {network.name} {network.version} is not known by size and hash."
        raise Missing(what, "Add it: smartlogd models add FILE --name NAME --version VERSION --place PLACE")
    return ModelSpec(
        name=network.name,
        version=network.version,
        type=_model_type(network.type),
        bytes=network.bytes,
        sha256=network.sha256,
        licence=network.licence or "unknown",
        input="",
        output="",
        suffix=".tflite",
        sources=(),
        place=network.place,
        labels=network.labels,
    )


def _model_type(word: str) -> Type:
    """The word, if it is one of the registry's types."""
    from smartlogd.detect.catalogue import Type

    found = next((known for known in get_args(Type) if known == word), None)
    if found is None:
        raise UnusableInput(f"{word!r} is no type of model.", f"Known: {', '.join(get_args(Type))}.")
    return cast("Type", found)


def models_in_use(settings: Settings) -> tuple[str, ...]:
    """The models that these settings run on, by their names in the catalogue."""
    from smartlogd.detect.registry import RECOGNITION, default_models

    left_out = () if settings.identify.enabled else RECOGNITION
    edition = {"face_embedder": embedder_model(settings)}
    usual = default_models(settings.detect.profile, sounds=settings.capture.microphone.enabled)
    return tuple(edition.get(name, name) for name in usual if name not in left_out)


def model_versions(settings: Settings) -> Mapping[str, str]:
    """Which version of each of them it is; a model that was activated stands under its own name."""
    registry = model_registry(settings)
    return {spec.name: spec.version for spec in map(registry.in_use, models_in_use(settings))}


def embedder_model(settings: Settings) -> str:
    """The model, by its name in the catalogue, out of which the embedder is loaded."""
    if settings.identify.embedder == "dlib":
        return "dlib_face_resnet"
    return "face_embedder" if settings.identify.precision == "float32" else "face_embedder_half"


def known_model(settings: Settings, name: str, version: str) -> ModelSpec:
    """The model of that name and version, of the catalogue or added here. Missing, with the versions there are."""
    from smartlogd.detect.registry import read_catalogue
    from smartlogd.store.networks import all_of

    catalogue = read_catalogue()
    rows = all_of(settings.folders().state)
    here = [*catalogue, *(model_spec(row, catalogue) for row in rows if row.sha256 and row.bytes)]
    found = next((spec for spec in here if (spec.name, spec.version) == (name, version)), None)
    if found is None:
        versions = sorted({spec.version for spec in here if spec.name == name})
        hint = f"Of {name} there is {', '.join(versions)}." if versions else "See them: smartlogd models list"
        raise Missing(f"No model {name} {version} is known here.", hint)
    if found.type in {"picture", "weights", "policy"}:
        raise UnusableInput(f"{name} is of type {found.type}, which nothing here runs.", "See: smartlogd models list")
    return found


def on_this_device(settings: Settings) -> tuple[Network, ...]:
    """The catalogue's models whose files are here, as rows of the registry."""
    states = model_registry(settings).states()
    return tuple(network_of(state.spec) for state in states if state.word == "ok" and state.spec.type in ROW_TYPES)


def network_of(spec: ModelSpec) -> Network:
    """The model as a row of the registry."""
    from smartlogd.store.networks import Network

    uri = f"catalogue:{spec.name}" if spec.sources else f"file:{spec.file}"
    return Network(
        name=spec.name,
        version=spec.version,
        type=spec.type,
        uri=uri,
        sha256=spec.sha256,
        licence=spec.licence[:64],
        place=spec.stands_for,
        bytes=spec.bytes,
        labels=spec.labels,
    )


def described(asked: Mapping[str, object]) -> Network:
    """The model that a command describes, checked; UnusableInput where it cannot be meant."""
    from smartlogd.detect.catalogue import own_model

    return network_of(own_model(asked))


def heard(settings: Settings, registry: Registry, candidate: ModelSpec) -> None:
    """Return if the model can be used in its place; UnusableInput, with what does not fit, where it cannot."""
    from smartlogd.detect.audition import heard

    heard(registry, candidate, settings.detect.delegate)
