"""Where the rooms meet: settings become running parts, here and nowhere else.

Every function opens one part and takes plain settings. Rooms are imported where they are opened, so that a
command that needs one of them does not wait for the others.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import smartlogd
from smartlogd.base.errors import Missing
from smartlogd.base.health import Command, Heartbeat
from smartlogd.base.known import Anchor
from smartlogd.base.ports import Camera, Centre, Detector, Embedder, Feed, Identifier, Ids, Journal
from smartlogd.base.time import Clock, SystemClock, machine_boot
from smartlogd.base.who import NETWORK, Template
from smartlogd.settings import Settings, environment

if TYPE_CHECKING:
    from smartlogd.capture.motion import MotionGate
    from smartlogd.detect.registry import Registry
    from smartlogd.identify.enrol import Enroller
    from smartlogd.identify.gallery import Gallery
    from smartlogd.identify.identifier import FaceIdentifier
    from smartlogd.movement.vote import VoteRules
    from smartlogd.pipeline import Ender, Listener, Pipeline, Tally, Watcher
    from smartlogd.store.engine import Store
    from smartlogd.store.feed import StoreFeed
    from smartlogd.store.upkeep import Upkeep
    from smartlogd.sync.bundle import Bundle
    from smartlogd.sync.runner import Sync
    from smartlogd.telemetry.broker import Broker

MIRROR = "SMARTLOG_MODEL_MIRROR"
DEMO_PHOTOS = ("astronaut", "camera")


def model_registry(settings: Settings) -> Registry:
    """The models of this device: their folder, and the mirror that is asked before the network."""
    from smartlogd.detect.registry import Registry, read_catalogue

    mirror = environment().get(MIRROR)
    return Registry(read_catalogue(), settings.folders().models, Path(mirror) if mirror else None)


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


def detector(settings: Settings) -> Detector:
    """The models of the profile, loaded; raises Missing, with the hint how to fetch them, when one is not there."""
    from smartlogd.detect.detector import open_detector

    return open_detector(settings.detect, model_registry(settings), feet=needs_feet(settings))


def needs_feet(settings: Settings) -> bool:
    """Whether a line asks where someone's feet are."""
    return any(line.anchor is Anchor.FEET for line in settings.movement.crossing_lines())


def store(settings: Settings, clock: Clock, boot: UUID, *, has_centre: bool | None = None) -> Store:
    """The database of this device, this process its only writer; `has_centre` as in `open_store`."""
    from smartlogd.store.engine import open_store

    return open_store(
        settings.folders().state,
        device=settings.device.name,
        version=smartlogd.__version__,
        clock=clock,
        options=settings.store,
        boot=boot,
        machine_boot=machine_boot(),
        has_centre=has_centre,
    )


def upkeep(store: Store, settings: Callable[[], Settings]) -> Upkeep:
    """What looks after the store while the daemon runs: dates, counts, lets go, keeps room."""
    from smartlogd.device import zone
    from smartlogd.store.upkeep import Upkeep

    return Upkeep(store, SystemClock(store.floor), lambda: zone(settings().device.timezone), lambda: settings().store)


def embedder(settings: Settings) -> Embedder:
    """The network that makes points of faces, loaded; errors as of `detector`, and Missing without dlib, if asked."""
    from smartlogd.detect.interpreter import from_bytes
    from smartlogd.identify.embedder import TfliteEmbedder

    if settings.identify.embedder == "dlib":
        return _dlib_embedder(settings)
    name = embedder_model(settings)
    content = model_registry(settings).content(name)
    return TfliteEmbedder(from_bytes(content, name, settings.detect.delegate), NETWORK)


def models_in_use(settings: Settings) -> tuple[str, ...]:
    """The models that these settings run on, by their names in the catalogue."""
    from smartlogd.detect.registry import RECOGNITION, default_models

    left_out = () if settings.identify.enabled else RECOGNITION
    edition = {"face_embedder": embedder_model(settings)}
    return tuple(edition.get(name, name) for name in default_models(settings.detect.profile) if name not in left_out)


def model_versions(settings: Settings) -> Mapping[str, str]:
    """Which version of each of them it is."""
    from smartlogd.detect.catalogue import read_catalogue

    versions = {spec.name: spec.version for spec in read_catalogue()}
    return {name: versions[name] for name in models_in_use(settings)}


def embedder_model(settings: Settings) -> str:
    """The model, by its name in the catalogue, out of which the embedder is loaded."""
    if settings.identify.embedder == "dlib":
        return "dlib_face_resnet"
    return "face_embedder" if settings.identify.precision == "float32" else "face_embedder_half"


def _dlib_embedder(settings: Settings) -> Embedder:
    """The network run by dlib, with the weights of the models folder, else with those that face_recognition brought."""
    from smartlogd.identify.dlib import DlibEmbedder

    weights: Path | None
    try:
        weights = model_registry(settings).path(embedder_model(settings))
    except Missing:
        weights = None
    return DlibEmbedder(weights)


def identifier(settings: Settings, gallery: Gallery, *, is_patient: bool = False) -> FaceIdentifier | None:
    """What looks at faces; None where [identify] is off, or the profile finds no faces.

    Raises Missing, with the hint how to fetch them, when a model is not there. `is_patient` is for replays.
    """
    if not settings.identify.enabled or settings.detect.profile == "wide":
        return None
    from smartlogd.detect.stills import open_stills
    from smartlogd.identify.identifier import FaceIdentifier

    registry = model_registry(settings)
    refine = open_stills(settings.detect, registry).refined
    return FaceIdentifier(embedder(settings), refine, settings.identify, gallery, patient=is_patient)


def enroller(settings: Settings) -> Enroller:
    """What looks at photographs of people who are to be known; raises Missing where a model is not there."""
    from smartlogd.detect.stills import open_stills
    from smartlogd.identify.enrol import Enroller

    faces = open_stills(settings.detect, model_registry(settings))
    return Enroller(faces.find, embedder(settings), settings.identify.gate())


def templates(folder: Path, name: str | None = None) -> tuple[Template, ...]:
    """The remembered faces of the database in `folder`, the device's own unless `name` is another.

    None where there is no such database yet, or one of a version before faces were kept.
    """
    from smartlogd.schema.migrate import head
    from smartlogd.store.keys import Keys
    from smartlogd.store.pragmas import DATABASE
    from smartlogd.store.recognise import version_of
    from smartlogd.store.templates import load

    name = name or DATABASE
    if version_of(folder / name) != head():
        return ()
    return load(folder, Keys.open(folder), model=NETWORK, name=name)


def votes(settings: Settings) -> VoteRules:
    """The thresholds of naming someone, as plain values."""
    from smartlogd.movement.vote import VoteRules

    options = settings.identify
    return VoteRules(
        doubt_distance=options.doubt_distance,
        known_distance=options.known_distance,
        stranger_distance=options.stranger_distance,
        margin=options.margin,
        same_distance=options.same_distance,
        other_distance=options.other_distance,
    )


def bundle(settings: Settings) -> Bundle | None:
    """The enrolment of this device at a centre; None without one, or where [sync] is off.

    Raises WrongConfiguration where there is one that cannot be used.
    """
    from smartlogd.sync.bundle import found

    if not settings.sync.enabled:
        return None
    return found(settings.folders().state, credentials())


async def expected(store: Store, *, has_centre: bool) -> None:
    """Let rows be enqueued from here on, or no longer; harmless where it is so already."""
    from smartlogd.store.begin import begin, end

    await store.change(lambda connection: begin(connection) if has_centre else end(connection))


async def adopted(store: Store, bundle: Bundle, wrapped: bytes | None = None) -> None:
    """Wrap the keys of faces with the fleet's key from here on: the enrolment's, or a newer one that the centre sent.

    Unsealable where it was wrapped for another device, or with another secret.
    """
    from smartlogd.store.fleet import fleet_opened

    def adopt() -> None:
        store.keys.adopt(fleet_opened(wrapped or bundle.wrapped_fleet_key, bundle.opener, bundle.device))

    await asyncio.to_thread(adopt)


async def sync(
    settings: Settings, store: Store, bundle: Bundle, *, on_gallery_changed: Callable[[], Awaitable[None]]
) -> Sync:
    """What sends rows to the centre of that enrolment and fetches what is new; it begins when it is run."""
    from smartlogd.store import sending
    from smartlogd.store.birth import CAPABILITIES
    from smartlogd.store.inbox import StoreInbox
    from smartlogd.store.outbox import StoreOutbox
    from smartlogd.sync.runner import Sync

    outbox, inbox = StoreOutbox(store), StoreInbox(store)

    async def adopt(wrapped: bytes) -> None:
        await adopted(store, bundle, wrapped)

    async def remember(is_paused: bool) -> None:  # noqa: FBT001 - the shape that Sync calls
        await store.change(lambda connection: sending.set_paused(connection, is_paused=is_paused))

    async def closed() -> None:
        await outbox.close()
        await inbox.close()

    standing = await asyncio.to_thread(sending.standing, store.path.parent)
    return Sync(
        outbox=outbox,
        inbox=inbox,
        centre=centre(settings, bundle),
        options=settings.sync,
        clock=SystemClock(store.floor),
        epoch=await outbox.epoch(),
        about={"version": smartlogd.__version__, "capabilities": list(CAPABILITIES)},
        is_paused=standing.is_paused,
        on_gallery_changed=on_gallery_changed,
        on_fleet_key=adopt,
        on_paused=remember,
        on_end=closed,
    )


def broker(
    settings: Settings,
    store: Store,
    feed: Feed,
    beat: Callable[[], Heartbeat],
    obey: Callable[[Command], Awaitable[Mapping[str, object]]],
    picture: Callable[[], bytes | None],
) -> Broker:
    """The connection to the broker that [telemetry.mqtt] names; it begins when it is run.

    WrongConfiguration, Missing and their kin where what it logs in with cannot be used.
    """
    from smartlogd.telemetry.broker import Broker
    from smartlogd.telemetry.login import Login

    options = settings.telemetry
    return Broker(
        options.mqtt,
        Login.of(options.mqtt, state=settings.folders().state, credentials=credentials()),
        device=settings.device.name,
        version=smartlogd.__version__,
        feed=feed,
        clock=SystemClock(store.floor),
        beat=beat,
        heartbeat_s=options.heartbeat_s,
        obey=obey,
        picture=picture,
    )


def broker_answers(settings: Settings) -> str:
    """Log in to the broker that [telemetry.mqtt] names, and hang up again; whom it was that answered.

    BrokerAway or BrokerRefuses where it lets nobody in; WrongConfiguration, Missing and their kin as with `broker`.
    """
    from smartlogd.telemetry.login import Login
    from smartlogd.telemetry.reach import reached

    options = settings.telemetry.mqtt
    login = Login.of(options, state=settings.folders().state, credentials=credentials())
    return asyncio.run(reached(options, login, device=settings.device.name))


def feed(store: Store) -> StoreFeed:
    """The log's events, one after the other, for the broker; to be closed before the store."""
    from smartlogd.store.feed import StoreFeed

    return StoreFeed(store)


def credentials() -> Path | None:
    """The folder of what systemd gave this process to log in with; None where it gave nothing."""
    given = os.environ.get("CREDENTIALS_DIRECTORY")
    return Path(given) if given else None


def centre(settings: Settings, bundle: Bundle) -> Centre:
    """The central database, as that enrolment lets this device see it; not connected before it is first asked."""
    from smartlogd.sync.timescale import Door, TimescaleCentre

    return TimescaleCentre(Door.of(bundle, settings.sync), settings.sync, version=smartlogd.__version__)


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
    )
