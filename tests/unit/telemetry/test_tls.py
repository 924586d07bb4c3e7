"""TLS to the broker, before there is one; with one, in tests/services/test_mqtt_login.py."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest
from broker import fake

from smartlogd.telemetry.login import Login
from smartlogd.telemetry.tls import context


def test_it_is_new_enough_and_checks_the_name() -> None:
    made = context(Login())
    assert made.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert made.check_hostname
    assert made.verify_mode is ssl.CERT_REQUIRED


def test_files_that_are_not_there_are_the_systems_complaint(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        context(Login(ca=tmp_path / "none"))
    with pytest.raises(OSError, match="No such file"):
        context(Login(cert=tmp_path / "none"))


def test_a_socket_whose_handshake_fails_is_closed() -> None:
    def refuse(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"no TLS is spoken here, ever")
        connection.recv(65536)

    with fake(refuse) as port, socket.create_connection(("127.0.0.1", port)) as plain:
        wrapped = context(Login()).wrap_socket(plain, server_hostname="localhost", do_handshake_on_connect=False)
        with pytest.raises(ssl.SSLError):
            wrapped.do_handshake()
        assert wrapped.fileno() == -1
