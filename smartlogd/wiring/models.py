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


def model_registry(settings: Settings) -> Registry:
    """The models of this device: their folder, the mirror that is asked before the network, and what was activated."""
    from smartlogd.detect.registry import Registry, read_catalogue
    from smartlogd.store.networks import in_use

    mirror = environment().get(MIRROR)
    catalogue, folders = read_catalogue(), settings.folders()
    activated = in_use(folders.state)
    instead = {place: model_spec(network, catalogue) for place, network in activated.items() if place != network.name}
    return Registry(catalogue, folders.models, Path(mirror) if mirror else None, instead=instead)


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
    return tuple(edition.get(name, name) for name in default_models(settings.detect.profile) if name not in left_out)


def model_versions(settings: Settings) -> Mapping[str, str]:
    """Which version of each of them it is; a model that was activated stands under its own name."""
    registry = model_registry(settings)
    return {spec.name: spec.version for spec in map(registry.in_use, models_in_use(settings))}


def embedder_model(settings: Settings) -> str:
    """The model, by its name in the catalogue, out of which the embedder is loaded."""
    if settings.identify.embedder == "dlib":
        return "dlib_face_resnet"
    return "face_embedder" if settings.identify.precision == "float32" else "face_embedder_half"
