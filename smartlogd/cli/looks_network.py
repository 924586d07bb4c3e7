"""What the doctor looks at beyond this machine: the centre, the broker, and the object store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from smartlogd.base.errors import SmartlogError
from smartlogd.cli.looks import Finding

if TYPE_CHECKING:
    from smartlogd.settings import Settings

DAEMON_S = 1.0
"""How long the daemon may take to say how its connection stands."""


def centre(settings: Settings) -> Finding:
    """Whether the centre answers to this device."""
    from smartlogd import wiring
    from smartlogd.cli.joining import tried

    try:
        bundle = wiring.bundle(settings)
        if bundle is None:
            return Finding("centre", "ok", "none joined")
        tried(settings, bundle)
    except SmartlogError as error:
        return Finding("centre", "warn", error.what, error.hint or "Rows wait on this device: smartlogd sync status")
    return Finding("centre", "ok", f"{bundle.address.host} answers to {bundle.login}")


def broker(settings: Settings) -> Finding:
    """Whether the broker lets this device in: as the daemon says that is connected, else by logging in.

    A secret may be known to the daemon alone, as a credential of systemd.
    """
    from smartlogd import wiring

    host = settings.telemetry.mqtt.host
    if not host:
        return Finding("broker", "ok", "none named")
    said = _said(settings)
    if said.get("word") == "online":
        return Finding("broker", "ok", f"{host} answers, says the daemon")
    try:
        where = wiring.broker_answers(settings)
    except SmartlogError as error:
        return Finding("broker", "warn", error.what, error.hint or "Events wait in the log until it is back.")
    if said.get("word") == "refused":
        return Finding("broker", "warn", str(said.get("detail")), "Let the daemon try again: smartlogd reload")
    return Finding("broker", "ok", f"{where} answers")


def object_store(settings: Settings) -> Finding:
    """Whether the object store lets this device in."""
    import asyncio

    from smartlogd import wiring

    media = settings.sync.media
    if not media.is_on:
        return Finding("object store", "ok", "none named")
    try:
        asyncio.run(wiring.objects_answer(settings))
    except SmartlogError as error:
        hint = error.hint or "Recordings wait on this device until it is back."
        return Finding("object store", "warn", error.what, hint)
    return Finding("object store", "ok", f"the bucket {media.bucket} answers")


def _said(settings: Settings) -> Mapping[str, object]:
    """What a running daemon says of its connection."""
    from smartlogd.cli.speech import branch
    from smartlogd.control import ask

    try:
        return branch(ask(settings.folders().socket, "status", answer_s=DAEMON_S), "mqtt")
    except SmartlogError:
        return {}
