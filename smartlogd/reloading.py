"""What a running daemon takes over of settings that were read again, and what needs a restart."""

from __future__ import annotations

from smartlogd.settings import Settings, differences

OF_DEVICE = ("log_level", "timezone")
OF_STORE = ("acknowledged_keep_d", "keep_free_mib", "media_keep_d", "media_most_mib", "backup_cron", "backup_keep")
RELOADABLE = (
    "movement.", "detect.", "identify.", "capture.motion.", "capture.microphone.", "record.", "sync.", "telemetry.",
    "routines.",
    *(f"device.{key}" for key in OF_DEVICE), *(f"store.{key}" for key in OF_STORE),
)  # fmt: skip
"""Keys that a running daemon takes over; any other needs a restart ..."""
OPENED_ONCE = frozenset({"enabled", "embedder", "precision"})
"""... and so do these of [identify] ..."""
WATCHDOG = "telemetry.heal.hardware_watchdog"
"""... and this one: whoever has opened a watchdog keeps feeding it."""


def sorted_out(old: Settings, new: Settings) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The dotted keys in which two settings differ: those that are taken over, and those that need a restart."""
    once = {WATCHDOG, *(f"identify.{key}" for key in OPENED_ONCE)}
    changed = tuple(differences(old, new))
    applied = tuple(key for key in changed if key.startswith(RELOADABLE) and key not in once)
    return applied, tuple(key for key in changed if key not in applied)


def taken_over(old: Settings, new: Settings) -> Settings:
    """The settings that run from now on: the reloadable keys of `new`, the others of `old`."""
    heal = new.telemetry.heal.model_copy(update={"hardware_watchdog": old.telemetry.heal.hardware_watchdog})
    return old.model_copy(
        update={
            "telemetry": new.telemetry.model_copy(update={"heal": heal}),
            "movement": new.movement,
            "detect": new.detect,
            "record": new.record,
            "sync": new.sync,
            "routines": new.routines,
            "capture": old.capture.model_copy(
                update={"motion": new.capture.motion, "microphone": new.capture.microphone}
            ),
            "device": old.device.model_copy(update={key: getattr(new.device, key) for key in OF_DEVICE}),
            "store": old.store.model_copy(update={key: getattr(new.store, key) for key in OF_STORE}),
            "identify": new.identify.model_copy(update={key: getattr(old.identify, key) for key in OPENED_ONCE}),
        }
    )
