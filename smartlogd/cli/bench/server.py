"""A PostgreSQL of one's own, for as long as a measure takes: made by initdb where the server's programs are.

Nothing of it is tuned: it runs as initdb makes it, with every commit on disk, but that it listens on a free port of
this machine, over TLS with a certificate authority made for the occasion, and on a socket in its own folder.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from smartlogd.base.errors import Missing, ServiceAway

OLDEST = 15
HOST = "localhost"
_PATIENCE_S = 120
_ACCOUNTS = ("postgres", "nobody")
_HINT = "Install PostgreSQL's server (apt install postgresql), or name an empty one with --url."

_SETTINGS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{folder}'
password_encryption = 'scram-sha-256'
ssl = on
ssl_cert_file = '{folder}/server.crt'
ssl_key_file = '{folder}/server.key'
"""
_WHO_MAY = """
local   all all               trust
hostssl all all  127.0.0.1/32 scram-sha-256
"""


class Server:
    """A PostgreSQL in a folder; its superuser is `postgres`, over the socket only."""

    def __init__(self, programs: Path, folder: Path, port: int, account: str | None) -> None:
        self._programs, self._folder, self._account = programs, folder, account
        self.port = port

    @property
    def ca(self) -> str:
        """Who signed its certificate, PEM."""
        return (self._folder / "ca.crt").read_text()

    def url(self, database: str = "postgres") -> str:
        """The superuser's URL of a database, over the socket."""
        return f"postgresql://postgres@/{database}?host={quote(str(self._folder), safe='')}&port={self.port}"

    def device_url(self, database: str) -> str:
        """Where a device finds a database: over TLS, the server's certificate checked; without a login."""
        return f"postgresql://{HOST}:{self.port}/{database}?sslmode=verify-full"

    def start(self, settings: Mapping[str, str | int] | None = None) -> None:
        """Start it; with these settings, other than those it was made with, until the next start."""
        told = " ".join(f"-c {name}={value}" for name, value in (settings or {}).items())
        self._run("pg_ctl", *self._where(), "start", "-w", "-l", str(self._folder / "log"), "-o", told)

    def stop(self, how: str = "fast") -> None:
        """Stop it as `pg_ctl stop -m` says: fast, or immediate as if it were killed."""
        self._run("pg_ctl", *self._where(), "stop", "-w", "-m", how)

    def remove(self) -> None:
        """Stop it where it runs, and take its folder away."""
        if (self._folder / "data" / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self._folder)

    def make(self, settings: Mapping[str, str | int]) -> None:
        """Make its certificates, its data and its settings."""
        _certify(self._folder)
        self._own()
        data = self._folder / "data"
        self._run("initdb", "-D", str(data), "-U", "postgres", "-E", "UTF8", "--locale=C", "-A", "trust")
        with (data / "postgresql.conf").open("a") as file:
            file.write(_SETTINGS.format(port=self.port, folder=self._folder))
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        (data / "pg_hba.conf").write_text(_WHO_MAY)

    def _where(self) -> tuple[str, ...]:
        return "-D", str(self._folder / "data"), "-t", str(_PATIENCE_S)

    def _own(self) -> None:
        """Give the folder to the account of the server, which refuses to run as root."""
        if self._account is None:
            return
        account = pwd.getpwnam(self._account)
        for path in (self._folder, *self._folder.iterdir()):
            os.chown(path, account.pw_uid, account.pw_gid)

    def _run(self, program: str, *words: str) -> None:
        """Run one of its programs, as its account; ServiceAway with the last it said where that fails."""
        log = self._folder / "log"
        with (self._folder / "said").open("w+") as said:
            done = subprocess.run(  # noqa: S603 - a program of PostgreSQL, with words of ours
                [self._programs / program, *words], cwd=self._folder, check=False,
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, user=self._account,
                group=pwd.getpwnam(self._account).pw_gid if self._account else None,
                extra_groups=[] if self._account else None,
            )  # fmt: skip
            said.seek(0)
            last = (log.read_text() if log.exists() else said.read()).strip().rpartition("\n")[2]
        if done.returncode:
            raise ServiceAway(f"PostgreSQL's {program} failed: {last[-300:]}", _HINT)


@contextmanager
def server(folder: Path | None = None, settings: Mapping[str, str | int] | None = None) -> Iterator[Server]:
    """A running server, on the disk of `folder` (the temporary one unless given); removed at the end.

    Missing where this machine has none from 15 on.
    """
    programs = found()
    account = next((name for name in _ACCOUNTS if _is_there(name)), None) if os.geteuid() == 0 else None
    made = Server(programs, Path(tempfile.mkdtemp(prefix="smartlogd-pg-", dir=folder)), _free_port(), account)
    try:
        made.make(settings or {})
        made.start()
        yield made
    finally:
        made.remove()


def found() -> Path:
    """The folder of initdb and pg_ctl of a PostgreSQL from 15 on, the newest that there is."""
    known = sorted(Path("/usr/lib/postgresql").glob("[0-9]*/bin"), key=lambda path: -int(path.parent.name))
    on_path = shutil.which("pg_ctl")
    known += [Path(on_path).resolve().parent] if on_path else []
    usable = (path for path in known if (path / "initdb").exists() and _version(path) >= OLDEST)
    if (first := next(usable, None)) is None:
        raise Missing(f"There is no PostgreSQL server from {OLDEST} on here.", _HINT)
    return first


def _version(folder: Path) -> int:
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True)  # noqa: S603 - found by us
    return int("".join(sign if sign.isdigit() else " " for sign in said.stdout).split()[0])


def _is_there(account: str) -> bool:
    return any(known.pw_name == account for known in pwd.getpwall())


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _certify(folder: Path) -> None:
    """An authority, and the server's certificate by it, for two days."""
    new = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
    _openssl(folder, *new, "-subj", "/CN=smartlogd bench", "-keyout", "ca.key", "-out", "ca.crt")
    by_it = ("-CA", "ca.crt", "-CAkey", "ca.key", "-addext", f"subjectAltName=DNS:{HOST}")
    _openssl(folder, *new, "-subj", f"/CN={HOST}", *by_it, "-keyout", "server.key", "-out", "server.crt")
    (folder / "ca.key").unlink()
    (folder / "server.key").chmod(0o600)


def _openssl(folder: Path, *words: str) -> None:
    program = shutil.which("openssl")
    if program is None:
        raise Missing("There is no openssl here to make the server's certificate.", "apt install openssl")
    done = subprocess.run([program, *words], cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - words of ours
    if done.returncode:
        raise ServiceAway(f"openssl failed: {done.stderr.strip()[-300:]}", "It must be version 3 or newer.")
