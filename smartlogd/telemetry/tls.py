"""TLS to the broker: 1.2 or newer, with its name checked, and this device's certificate where it has one."""

from __future__ import annotations

import ssl

from smartlogd.telemetry.login import Login


def context(login: Login) -> ssl.SSLContext:
    """What a connection is made with. Files that cannot be used are OSError or ValueError, as the system says."""
    made = ssl.create_default_context(cafile=login.ca)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.sslsocket_class = _Socket
    if login.cert is not None:
        made.load_cert_chain(login.cert, login.key, password="")  # a password keeps OpenSSL from asking a terminal
    return made


class _Socket(ssl.SSLSocket):
    """A socket that is closed when its handshake fails: paho forgets it then, and it would stay open."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - as the standard library has it
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise
