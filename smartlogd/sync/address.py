"""Where devices find the centre: what the administrator's own URL says, without what is the administrator's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from smartlogd.base.errors import Exit, Missing, SmartlogError, UnusableInput
from smartlogd.sync.bundle import STRICT, Address

if TYPE_CHECKING:
    from smartlogd.schema.migrate import DatabaseUrl

MOST_BYTES = 65536
_USUAL_SOCKET = "/var/run/postgresql"


def for_devices(url: DatabaseUrl, host: str | None) -> str:
    """The URL in an enrolment: server and database as the administrator's, or as `host` ("name" or "name:port") says.

    A server elsewhere must prove who it is; one on this machine as the administrator lets it.
    """
    query = {name: str(value) for name, value in url.query.items()}
    name, port = (url.host or query.get("host") or _USUAL_SOCKET), str(url.port or query.get("port") or 5432)
    if host:
        name, port = _parted(host)
    database = quote(url.database or url.username or "", safe="")
    where = f"{quote(name, safe='') if name.startswith('/') else ''}"
    told = (
        f"postgresql:///{database}?host={where}&port={port}"
        if where
        else f"postgresql://{_bare(name)}:{port}/{database}?"
    )
    mode = query.get("sslmode", STRICT if not where else "disable")
    for sslmode in dict.fromkeys((mode, STRICT)):
        made = f"{told}{'&' if where else ''}sslmode={sslmode}"
        try:
            Address.of(made)
        except ValueError as error:
            wrong = str(error)
        else:
            return made
    raise SmartlogError(
        f"Devices cannot be told where the centre is: the address {wrong}.", "See --host.", code=Exit.USAGE
    )


def authority(url: DatabaseUrl, given: Path | None) -> str | None:
    """The text of the certificate of who signed the server's: the file given, else the one of the URL's sslrootcert."""
    named = url.query.get("sslrootcert")
    path = given or (Path(named) if isinstance(named, str) and named != "system" else None)
    if path is None:
        return None
    try:
        with path.open(encoding="ascii") as file:
            text = file.read(MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise Missing(f"{path} is not there.", "Name the certificate of who signed the server's: --ca FILE") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableInput(f"{path} cannot be read as a certificate.", "It must be PEM.") from error
    if len(text) > MOST_BYTES or "-----BEGIN CERTIFICATE-----" not in text or "PRIVATE KEY" in text:
        raise UnusableInput(
            f"{path} is no certificate in PEM, or holds a private key.", "Name the right file: --ca FILE"
        )
    return text


def _parted(host: str) -> tuple[str, str]:
    """Host and port, as a person writes them.

    >>> _parted("centre.example.org"), _parted("centre:5433"), _parted("[::1]:5433")
    (('centre.example.org', '5432'), ('centre', '5433'), ('::1', '5433'))
    """
    name, colon, port = host.rpartition(":")
    if colon and port.isdecimal() and (":" not in name or name.endswith("]")):
        return name.strip("[]"), port
    return host.strip("[]"), "5432"


def _bare(name: str) -> str:
    return f"[{name}]" if ":" in name else name
