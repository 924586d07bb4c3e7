"""A real PostgreSQL for the tests: a server started for this run, and in it a migrated database for each test.

With SMARTLOG_TEST_CENTRAL_URL (a superuser's URL) the server that it names is used instead, so that the same tests
run on TimescaleDB too.
"""

from __future__ import annotations

import datetime as dt
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from psycopg import sql

SETTINGS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{folder}'
max_connections = 100
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 128MB
max_wal_size = 2GB
dynamic_shared_memory_type = sysv
password_encryption = 'scram-sha-256'
ssl = on
ssl_cert_file = '{folder}/server.crt'
ssl_key_file = '{folder}/server.key'
ssl_ca_file = '{folder}/ca.crt'
"""

WHO_MAY = """
local   all all                    trust
hostssl all postgres 127.0.0.1/32  trust
hostssl all all      127.0.0.1/32  scram-sha-256
"""


def programs() -> Path | None:
    """The folder of initdb and pg_ctl of a PostgreSQL from 15 on, the newest that is found."""
    known = sorted(Path("/usr/lib/postgresql").glob("[0-9]*/bin"), key=lambda path: -int(path.parent.name))
    told = shutil.which("pg_config")
    if told:
        known.append(
            Path(subprocess.run([told, "--bindir"], capture_output=True, text=True, check=True).stdout.strip())
        )
    on_path = shutil.which("pg_ctl")
    known += [Path(on_path).parent] if on_path else []
    return next((path for path in known if (path / "initdb").exists() and _version(path) >= 15), None)


def _version(folder: Path) -> int:
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.split()[2].split(".")[0])


class Authority:
    """A certificate authority of this test run, kept in `folder` as ca.crt."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "ca.crt"
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "smartlogd test authority")])
        ca = self._blank(self._name, self._key).add_extension(x509.BasicConstraints(True, None), critical=True)
        self.path.write_bytes(ca.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str, *, hosts: tuple[str, ...] = ()) -> tuple[Path, Path]:
        """A certificate and its key (0600) for a server with these host names, or for a client called `name`."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._blank(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key)
        if hosts:
            made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), False)
        paths = self._folder / f"{name}.crt", self._folder / f"{name}.key"
        paths[0].write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        paths[1].touch(mode=0o600)
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return paths

    def _blank(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=30))
        )  # fmt: skip


class Cluster:
    """A PostgreSQL server: one of our own in a folder under /tmp, or one that somebody else started."""

    def __init__(self, elsewhere: str | None = None) -> None:
        self.is_own = elsewhere is None
        self.ca: Path | None = None
        self._elsewhere = elsewhere
        self._template: str | None = None
        if self.is_own:
            self._make()

    def url(self, db: str = "postgres") -> str:
        """The superuser's URL of a database, over the socket (or as the server elsewhere was named)."""
        if self._elsewhere:
            return urlunsplit(urlsplit(self._elsewhere)._replace(path=f"/{db}"))
        return f"postgresql://postgres@/{db}?host={quote(str(self.folder), safe='')}&port={self.port}"

    def tls_url(self, db: str = "postgres", user: str = "postgres", secret: str | None = None) -> str:
        """The URL over TLS with the server's certificate verified; of a server elsewhere, over TCP as it is."""
        login = user + (f":{secret}" if secret else "")
        if self._elsewhere:
            parts = urlsplit(self._elsewhere)
            return urlunsplit(parts._replace(path=f"/{db}", netloc=f"{login}@{parts.netloc.rpartition('@')[2]}"))
        told = f"sslmode=verify-full&sslrootcert={quote(str(self.ca), safe='')}"
        return f"postgresql://{login}@localhost:{self.port}/{db}?{told}"

    def start(self) -> None:
        """Start it (again)."""
        self._pg_ctl("start", "-w", "-t", "60", "-l", str(self.folder / "log"))

    def stop(self, how: str = "fast") -> None:
        """Stop it as `pg_ctl stop -m` says: fast, or immediate as if it were killed."""
        self._pg_ctl("stop", "-w", "-t", "60", "-m", how)

    def remove(self) -> None:
        """Stop it and take away its folder; of a server elsewhere, our template only."""
        if not self.is_own:
            return
        if (self.folder / "data" / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self.folder)

    def execute(self, statement: str | sql.Composed, db: str = "postgres") -> None:
        """One statement as the superuser, outside of any transaction."""
        with psycopg.connect(self.url(db), autocommit=True) as connection:
            connection.execute(statement)

    def database(self, name: str) -> None:
        """Make a migrated database: on our own server a copy of one that was migrated once."""
        from smartlogd.schema.migrate import upgrade

        if not self.is_own:  # TimescaleDB's workers sit in every database, and nobody may sit in a template
            self.execute(f'CREATE DATABASE "{name}"')
            upgrade(self.url(name))
            return
        if self._template is None:
            self.execute("CREATE DATABASE smartlog_template")
            upgrade(self.url("smartlog_template"))
            self._template = "smartlog_template"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE {self._template}')
        self.execute("UPDATE meta SET value = to_json(gen_random_uuid()) WHERE key = 'centre'", name)

    def _make(self) -> None:
        found = programs()
        if found is None:
            pytest.skip("needs PostgreSQL 15 or newer (apt install postgresql), or SMARTLOG_TEST_CENTRAL_URL")
        self._programs = found
        self.folder = Path(tempfile.mkdtemp(prefix="smartlog-pg-", dir="/tmp"))
        self.authority = Authority(self.folder)
        self.ca = self.authority.path
        self.authority.issue("server", hosts=("localhost",))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._account = next((name for name in ("postgres", "nobody") if _is_there(name)), None)
        self._own(self.folder)
        self._run(
            "initdb", "-D", str(self.folder / "data"), "-U", "postgres", "-E", "UTF8", "--locale=C", "-N", "-A", "trust"
        )
        with (self.folder / "data" / "postgresql.conf").open("a") as settings:
            settings.write(SETTINGS.format(port=self.port, folder=self.folder))
        (self.folder / "data" / "pg_hba.conf").write_text(WHO_MAY)
        self.start()

    def _own(self, folder: Path) -> None:
        """Give the folder to the account of the server, which refuses to run as root, and let us read the CA."""
        if os.geteuid() != 0 or self._account is None:
            return
        account = pwd.getpwnam(self._account)
        for path in (folder, *folder.iterdir()):
            os.chown(path, account.pw_uid, account.pw_gid)

    def _pg_ctl(self, *words: str) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), *words)

    def _run(self, program: str, *words: str) -> None:
        as_other = {"user": self._account, "group": pwd.getpwnam(self._account).pw_gid, "extra_groups": []}
        done = subprocess.run(
            [self._programs / program, *words], cwd=self.folder, text=True, check=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
            **(as_other if os.geteuid() == 0 and self._account else {}),
        )  # fmt: skip
        log = self.folder / "log"
        assert done.returncode == 0, done.stderr or (log.read_text()[-2000:] if log.exists() else program)


def _is_there(name: str) -> bool:
    return any(account.pw_name == name for account in pwd.getpwall())


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A device that the centre knows: its login and what it needs to use it."""

    name: str
    login: str
    secret: str
    device_id: int
    epoch: str
    url: str


@dataclass
class Centre:
    """A central database of one test, with an owner and as many devices as the test asks for."""

    cluster: Cluster
    name: str
    devices: dict[str, Enrolled] = field(default_factory=dict)
    _open: list[psycopg.Connection] = field(default_factory=list)
    _desk_kept: psycopg.Connection | None = None

    def __post_init__(self) -> None:
        self.owner = str(uuid4())
        """`users.uid` of the one who owns the devices."""
        self.execute(
            "INSERT INTO users (uid, email, name, role, created_at, updated_at)"
            " VALUES (%s, 'owner@example.org', 'Owner', 'owner', now(), now())",
            self.owner,
        )

    @property
    def url(self) -> str:
        """The superuser's URL."""
        return self.cluster.url(self.name)

    @property
    def tls_url(self) -> str:
        """The superuser's URL over TLS."""
        return self.cluster.tls_url(self.name)

    def connect(self) -> psycopg.Connection:
        """A connection as superuser, in autocommit; closed after the test."""
        return self._kept(psycopg.connect(self.url, autocommit=True))

    def execute(self, statement: str, *values: object) -> list[tuple]:
        """One statement as superuser, committed; its rows. Over one connection that stays, while the server does."""
        try:
            done = self._desk().execute(statement, values or None)
        except psycopg.OperationalError:
            if not self._desk_kept or not self._desk_kept.closed:
                raise
            done = self._desk().execute(statement, values or None)
        return done.fetchall() if done.description else []

    def _desk(self) -> psycopg.Connection:
        """The superuser's connection for all that is asked in passing."""
        if self._desk_kept is None or self._desk_kept.closed:
            self._desk_kept = self._kept(psycopg.connect(self.url, autocommit=True))
        return self._desk_kept

    def enrol(self, name: str, owner: str | None = None) -> Enrolled:
        """A device with a login of its own; the same again for a name that was asked for before."""
        if name in self.devices:
            return self.devices[name]
        login, secret, epoch = f"smartlog_{name}_{uuid4().hex[:8]}", uuid4().hex, str(uuid4())
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} IN ROLE smartlog_device").format(
                    sql.Identifier(login), sql.Literal(secret)
                )
            )
            ((device_id,),) = connection.execute(
                "INSERT INTO devices (user_id, name, type, status, capabilities, enabled, epoch, high_seq)"
                " SELECT id, %s, 'camera', 'offline', '[]', true, gen_random_uuid(), 0 FROM users"
                " WHERE uid = %s RETURNING id",
                (name, owner or self.owner),
            ).fetchall()
            connection.execute("INSERT INTO device_logins (login, device_id) VALUES (%s, %s)", (login, device_id))
        url = self.cluster.tls_url(self.name, login, secret)
        self.devices[name] = Enrolled(name, login, secret, device_id, epoch, url)
        return self.devices[name]

    def device(self, name: str) -> psycopg.Connection:
        """A connection logged in as that device, in autocommit; closed after the test."""
        return self._kept(psycopg.connect(self.enrol(name).url, autocommit=True))

    def remove(self) -> None:
        """Drop the database, then the logins."""
        for connection in self._open:
            connection.close()
        self.cluster.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(self.name)))
        for device in self.devices.values():
            self.cluster.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(device.login)))

    def _kept(self, connection: psycopg.Connection) -> psycopg.Connection:
        self._open.append(connection)
        return connection


def make_centre(cluster: Cluster) -> Centre:
    """A fresh central database; `remove` it when done with it."""
    name = f"smartlog_{uuid4().hex[:12]}"
    cluster.database(name)
    return Centre(cluster, name)
