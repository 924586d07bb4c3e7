"""The ground on which sending is measured: a central database for the occasion, set up as any other, with devices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from smartlogd.cli.bench.server import Server, server
from smartlogd.cli.central import fleet_work

if TYPE_CHECKING:
    from smartlogd.schema.migrate import DatabaseUrl
    from smartlogd.sync.bundle import Bundle


@dataclass(frozen=True, slots=True)
class Ground:
    """A centre: the administrator's URL of it, who signed the server's certificate, and the server if it is ours."""

    url: DatabaseUrl
    ca: str | None
    own: Server | None
    _place: Path

    def enrol(self, names: Iterable[str]) -> tuple[Bundle, ...]:
        """Enrol these devices, as `central add-device` does it."""
        from smartlogd.sync import central, enrolment
        from smartlogd.sync.administrator import opened

        with opened(self.url) as connection:
            centre = central.centre(connection)
            new = (enrolment.NewDevice(name=name, url=self._door(), ca=self.ca) for name in names)
            return tuple(enrolment.add_device(connection, one, self._place, centre, fleet_work()) for one in new)

    def _door(self) -> str:
        from smartlogd.sync.address import for_devices

        return self.own.device_url(str(self.url.database)) if self.own else for_devices(self.url, None)


@contextmanager
def ground(url: DatabaseUrl | None, folder: Path | None = None, **settings: str | int) -> Iterator[Ground]:
    """A centre on the server that `url` names, or on one of our own with these settings, its disk that of `folder`.

    Nothing of it is left afterwards.
    """
    from smartlogd.schema.migrate import reachable
    from smartlogd.sync import central
    from smartlogd.sync.address import authority
    from smartlogd.sync.yardstick import scratch

    with ExitStack() as stack:
        place = Path(stack.enter_context(TemporaryDirectory(prefix="smartlogd-bench-"))) / "fleet.json"
        own = None if url else stack.enter_context(server(folder, settings))
        made = stack.enter_context(scratch(url or reachable(own.url() if own else "")))
        central.init(made, place, fleet_work())
        yield Ground(made, own.ca if own else authority(made, None), own, place)
