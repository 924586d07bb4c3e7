"""What a running daemon takes over of settings that were read again, and what needs a restart."""

from __future__ import annotations

from smartlogd.settings import Settings, differences

OF_DEVICE = ("log_level", "timezone")
OF_STORE = ("acknowledged_keep_d", "keep_free_mib")
RELOADABLE = (
    "movement.", "detect.", "identify.", "capture.motion.", "sync.",
    *(f"device.{key}" for key in OF_DEVICE), *(f"store.{key}" for key in OF_STORE),
)  # fmt: skip
"""Keys that a running daemon takes over; any other needs a restart ..."""
OPENED_ONCE = frozenset({"enabled", "embedder", "precision"})
"""... and so do these of [identify]."""


def sorted_out(old: Settings, new: Settings) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The dotted keys in which two settings differ: those that are taken over, and those that need a restart."""
    once = {f"identify.{key}" for key in OPENED_ONCE}
    changed = tuple(differences(old, new))
    applied = tuple(key for key in changed if key.startswith(RELOADABLE) and key not in once)
    return applied, tuple(key for key in changed if key not in applied)


def taken_over(old: Settings, new: Settings) -> Settings:
    """The settings that run from now on: the reloadable keys of `new`, the others of `old`."""
    return old.model_copy(
        update={
            "movement": new.movement,
            "detect": new.detect,
            "sync": new.sync,
            "capture": old.capture.model_copy(update={"motion": new.capture.motion}),
            "device": old.device.model_copy(update={key: getattr(new.device, key) for key in OF_DEVICE}),
            "store": old.store.model_copy(update={key: getattr(new.store, key) for key in OF_STORE}),
            "identify": new.identify.model_copy(update={key: getattr(old.identify, key) for key in OPENED_ONCE}),
        }
    )
