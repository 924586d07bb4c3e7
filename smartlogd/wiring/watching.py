"""What watches: the camera, the models that look at its frames, and the river between them and the journal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from smartlogd.base.known import Anchor
from smartlogd.base.ports import Camera, Detector, Identifier, Ids, Journal
from smartlogd.base.time import Clock
from smartlogd.settings import Settings
from smartlogd.wiring.faces import votes
from smartlogd.wiring.models import DEMO_PHOTOS, model_registry

if TYPE_CHECKING:
    from smartlogd.capture.motion import MotionGate
    from smartlogd.detect.animals import StillAnimals
    from smartlogd.detect.bodies import StillPeople
    from smartlogd.detect.registry import Registry
    from smartlogd.pipeline import Ender, Forgiver, Listener, Pipeline, Tally, Watcher


def camera(settings: Settings, clock: Clock, *, is_patient: bool = False, like: Camera | None = None) -> Camera:
    """The camera that [capture] names; not opened before its first frame is asked for.

    Where none is found, one who `is_patient` gets a camera that is looked for; raises Missing for others.
    `like` is the camera whose place it takes, if any.
    """
    from smartlogd.capture.choose import open_camera

    def photos() -> tuple[Path, ...]:
        registry = model_registry(settings)
        return tuple(registry.path(name) for name in DEMO_PHOTOS)

    return open_camera(settings.capture, clock, photos, is_patient=is_patient, like=like)


def gate(settings: Settings) -> MotionGate:
    """What says whether anything moves."""
    from smartlogd.capture.motion import MotionGate

    return MotionGate(settings.capture.motion)


def detector(settings: Settings, registry: Registry | None = None) -> Detector:
    """The models of the profile, loaded; raises Missing, with the hint how to fetch them, when one is not there.

    `registry` is another than that of the settings: one in which a model is tried out.
    """
    from smartlogd.detect.detector import open_detector

    return open_detector(settings.detect, registry or model_registry(settings), feet=needs_feet(settings))


def still_people(settings: Settings) -> StillPeople:
    """What finds people on photographs; raises Missing, with the hint how to fetch it, when a model is not there."""
    from smartlogd.detect.bodies import open_people

    return open_people(settings.detect, model_registry(settings))


def still_animals(settings: Settings) -> StillAnimals:
    """What finds dogs and cats on photographs; raises Missing as `still_people` does."""
    from smartlogd.detect.animals import open_animals

    return open_animals(settings.detect, model_registry(settings))


def needs_feet(settings: Settings) -> bool:
    """Whether a line asks where someone's feet are."""
    return any(line.anchor is Anchor.FEET for line in settings.movement.crossing_lines())


def pipeline(
    settings: Settings,
    *,
    camera: Camera,
    detector: Detector,
    ids: Ids,
    journal: Journal,
    identifier: Identifier | None = None,
    watchers: tuple[Watcher, ...] = (),
    listeners: tuple[Listener, ...] = (),
    enders: tuple[Ender, ...] = (),
    tally: Tally | None = None,
    forgives: Forgiver | None = None,
) -> Pipeline:
    """The river, from this camera to this journal."""
    from smartlogd.pipeline import Pipeline

    return Pipeline(
        camera=camera,
        gate=gate(settings),
        detector=detector,
        ids=ids,
        journal=journal,
        identifier=identifier,
        votes=votes(settings),
        lines=settings.movement.crossing_lines(),
        rules=settings.movement.rules(),
        zones=settings.movement.watched_zones(),
        behaviours=settings.movement.behaviour_rules(),
        device=settings.device.name,
        heartbeat_s=settings.capture.motion.heartbeat_s,
        watchers=watchers,
        listeners=listeners,
        enders=enders,
        tally=tally,
        forgives=forgives,
    )
