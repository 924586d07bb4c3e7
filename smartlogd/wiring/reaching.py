"""What reaches out: to the centre and to the broker."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import smartlogd
from smartlogd.base.health import Command, Heartbeat
from smartlogd.base.ports import Centre, Feed
from smartlogd.base.time import SystemClock
from smartlogd.settings import Settings

if TYPE_CHECKING:
    from smartlogd.store.engine import Store
    from smartlogd.sync.bundle import Bundle
    from smartlogd.sync.runner import Sync
    from smartlogd.telemetry.broker import Broker


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


def credentials() -> Path | None:
    """The folder of what systemd gave this process to log in with; None where it gave nothing."""
    given = os.environ.get("CREDENTIALS_DIRECTORY")
    return Path(given) if given else None


def centre(settings: Settings, bundle: Bundle) -> Centre:
    """The central database, as that enrolment lets this device see it; not connected before it is first asked."""
    from smartlogd.sync.timescale import Door, TimescaleCentre

    return TimescaleCentre(Door.of(bundle, settings.sync), settings.sync, version=smartlogd.__version__)
