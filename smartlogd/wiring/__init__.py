"""Where the rooms meet: settings become running parts, here and nowhere else.

Every function opens one part and takes plain settings. Rooms are imported where they are opened, so that a
command that needs one of them does not wait for the others.
"""

from __future__ import annotations

from smartlogd.wiring.faces import embedder, enroller, face_models, identifier, strangers, templates, votes
from smartlogd.wiring.keeping import feed, store, upkeep
from smartlogd.wiring.listening import ear, microphone
from smartlogd.wiring.models import (
    DEMO_PHOTOS,
    MIRROR,
    ROW_TYPES,
    described,
    embedder_model,
    heard,
    known_model,
    model_registry,
    model_spec,
    model_versions,
    models_in_use,
    network_of,
    on_this_device,
)
from smartlogd.wiring.reaching import (
    adopted,
    broker,
    broker_answers,
    bundle,
    centre,
    credentials,
    expected,
    sync,
)
from smartlogd.wiring.recordings import (
    erase_objects,
    link_opened,
    objects,
    objects_answer,
    recorder,
    shelf,
    stray_objects,
    upload,
)
from smartlogd.wiring.watching import camera, detector, gate, needs_feet, pipeline, still_animals, still_people

__all__ = [
    "DEMO_PHOTOS",
    "MIRROR",
    "ROW_TYPES",
    "adopted",
    "broker",
    "broker_answers",
    "bundle",
    "camera",
    "centre",
    "credentials",
    "described",
    "detector",
    "ear",
    "embedder",
    "embedder_model",
    "enroller",
    "erase_objects",
    "expected",
    "face_models",
    "feed",
    "gate",
    "heard",
    "identifier",
    "known_model",
    "link_opened",
    "microphone",
    "model_registry",
    "model_spec",
    "model_versions",
    "models_in_use",
    "needs_feet",
    "network_of",
    "objects",
    "objects_answer",
    "on_this_device",
    "pipeline",
    "recorder",
    "shelf",
    "still_animals",
    "still_people",
    "store",
    "strangers",
    "stray_objects",
    "sync",
    "templates",
    "upkeep",
    "upload",
    "votes",
]
