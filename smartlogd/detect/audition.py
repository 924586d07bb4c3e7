"""A model that wants a place is heard before it gets it: it must load, and have the tensors that the place knows."""

from __future__ import annotations

from pathlib import Path

from smartlogd.base.errors import UnusableInput
from smartlogd.detect.actions import PLACE as ACTION
from smartlogd.detect.actions import checked
from smartlogd.detect.catalogue import ModelSpec
from smartlogd.detect.fits import Tensors, why_not
from smartlogd.detect.interpreter import TfliteModel, from_bytes
from smartlogd.detect.registry import Registry


def heard(registry: Registry, candidate: ModelSpec, delegate: Path | None = None) -> None:
    """Return if the candidate can be used in its place.

    Raises UnusableInput, with the tensor or the class that does not fit, where it cannot; Missing where its file, or
    the catalogue's own model of that place, is not here.
    """
    place = candidate.stands_for
    model = from_bytes(registry.content_of(candidate), candidate.name, delegate)
    if place == ACTION:  # nobody of the catalogue stands there: it has a contract instead
        checked(model, candidate.labels)
        return
    standing = from_bytes(registry.content_of(registry.spec(place)), place, delegate)
    why = why_not(place, tensors(model), tensors(standing), candidate.labels)
    if why:
        raise UnusableInput(
            f"The model {candidate.name} {candidate.version} cannot take the place of {place}: {why}.",
            "Nothing was changed.",
        )


def tensors(model: TfliteModel) -> Tensors:
    """What the model takes and gives, as plain values."""
    return Tensors((model.takes.dtype, model.takes.shape), tuple((form.dtype, form.shape) for form in model.gives))
