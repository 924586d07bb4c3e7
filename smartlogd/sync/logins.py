"""The logins of devices: roles of the server that may call three functions, and by which the centre knows a device.

The password is turned into its SCRAM verifier here (RFC 5802, 7677), so that it stands in no statement, and thus in no
log of the server. The settings of a login bound what one stolen device can ask of the server; `SET` may lift the
timeouts for a session, the limit of connections and of temporary files it may not lift.
"""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from typing import LiteralString

import psycopg
from psycopg import sql

from smartlogd.sync.administrator import Connection, one, rows

GROUP = "smartlog_device"
CERTIFIED = "smartlog_certificate"
"""Logins that show a certificate instead of a password: pg_hba.conf tells them from the others by this group."""

MOST_CONNECTIONS = 3
_LONGEST = 63
SETTINGS: dict[LiteralString, LiteralString] = {
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
    "idle_session_timeout": "15min",
    "search_path": "pg_catalog",
}
LIMITS: dict[LiteralString, LiteralString] = {"temp_file_limit": "65536"}  # KiB; a superuser's to set


def secret() -> str:
    """A new password: 32 random bytes, in letters that need no quoting anywhere."""
    return secrets.token_urlsafe(32)


def login_name(device: str) -> str:
    """The name of a device's login; a long one is cut, and told from others by its hash.

    >>> login_name("door"), len(login_name("d" * 63))
    ('smartlogd_door', 63)
    """
    whole = f"smartlogd_{device}"
    if len(whole) <= _LONGEST:
        return whole
    return f"{whole[: _LONGEST - 9]}_{hashlib.sha256(device.encode()).hexdigest()[:8]}"


def make(connection: Connection, device: str, password: str | None) -> str:
    """Make the login of a device, without a password where it will show a certificate; gives its name.

    Roles belong to the whole server: where another database has one of that name, this one gets some letters more.
    """
    login = login_name(device)
    if one(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", login):
        login = f"{login[: _LONGEST - 9]}_{secrets.token_hex(4)}"
    create = "CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT {}"
    connection.execute(sql.SQL(create).format(sql.Identifier(login), sql.Literal(MOST_CONNECTIONS)))
    connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(GROUP), sql.Identifier(login)))
    bound(connection, login)
    prove(connection, login, password)
    return login


def prove(connection: Connection, login: str, password: str | None) -> None:
    """Give the login this password and no other; without one it must show a certificate."""
    if password is None:
        _certify(connection, login)
        return
    verifier = connection.pgconn.encrypt_password(password.encode(), login.encode(), b"scram-sha-256").decode()
    connection.execute(sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(login), sql.Literal(verifier)))
    if one(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", CERTIFIED):
        connection.execute(sql.SQL("REVOKE {} FROM {}").format(sql.Identifier(CERTIFIED), sql.Identifier(login)))


def bound(connection: Connection, login: str) -> None:
    """Give the login its timeouts and limits; a limit that only a superuser may set is tried."""
    for name, value in SETTINGS.items():
        connection.execute(_setting(login, name, value))
    for name, value in LIMITS.items():
        with suppress(psycopg.errors.InsufficientPrivilege), connection.transaction():  # `central status` lists it
            connection.execute(_setting(login, name, value))


def shut(connection: Connection, login: str) -> bool:
    """Let nobody log in by it any more, and end who is; False where sessions could not be ended (they may do nothing).

    In the caller's transaction.
    """
    connection.execute(sql.SQL("ALTER ROLE {} NOLOGIN PASSWORD NULL").format(sql.Identifier(login)))
    with suppress(psycopg.errors.InsufficientPrivilege), connection.transaction():  # whoever may not may not end either
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(login)))
    try:
        with connection.transaction():
            rows(connection, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", login)
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def drop(connection: Connection, login: str) -> None:
    """Drop the login; in a transaction after the one in which it was shut."""
    connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(login)))


def _certify(connection: Connection, login: str) -> None:
    if not one(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", CERTIFIED):
        connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(CERTIFIED)))
    connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(CERTIFIED), sql.Identifier(login)))
    connection.execute(sql.SQL("ALTER ROLE {} LOGIN PASSWORD NULL").format(sql.Identifier(login)))


def _setting(login: str, name: LiteralString, value: LiteralString) -> sql.Composed:
    return sql.SQL("ALTER ROLE {} SET {} = {}").format(sql.Identifier(login), sql.Identifier(name), sql.Literal(value))
