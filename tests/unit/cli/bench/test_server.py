"""A PostgreSQL of one's own: it starts, takes other settings, proves who it is, and leaves nothing."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from smartlogd.base.errors import Missing, ServiceAway
from smartlogd.cli.bench import server as module
from smartlogd.cli.bench.server import Server, found, server


@pytest.fixture(scope="module")
def own() -> Iterator[Server]:
    try:
        found()
    except Missing:
        pytest.skip("needs PostgreSQL 15 or newer (apt install postgresql)")
    with server(settings={"max_connections": 37}) as made:
        yield made


def _asked(url: str, setting: str) -> str:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT current_setting(%s)", (setting,)).fetchone()[0]


def test_it_runs_as_initdb_makes_it_but_for_what_was_asked(own: Server) -> None:
    assert [_asked(own.url(), name) for name in ("max_connections", "fsync", "synchronous_commit")] == [
        "37",
        "on",
        "on",
    ]


def test_it_starts_again_with_other_settings_and_then_with_its_own(own: Server) -> None:
    own.stop()
    own.start({"max_connections": 12})
    assert _asked(own.url(), "max_connections") == "12"
    own.stop("immediate")
    own.start()
    assert _asked(own.url(), "max_connections") == "37"


def test_a_device_reaches_it_over_tls_with_a_password_and_not_without(own: Server, tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text(own.ca)
    with psycopg.connect(own.url(), autocommit=True) as connection:
        connection.execute("CREATE ROLE someone LOGIN PASSWORD 'a secret of sixteen'")
    url = f"{own.device_url('postgres')}&user=someone&sslrootcert={tmp_path / 'ca.crt'}"
    with psycopg.connect(url, password="a secret of sixteen") as connection:
        assert connection.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone() == (True,)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(url, password="another")


def test_what_postgresql_complains_of_is_told(own: Server) -> None:
    own.stop()
    with pytest.raises(ServiceAway, match="pg_ctl failed"):
        own.start({"no_such_setting": 1})
    own.start()


def test_nothing_of_it_is_left(own: Server) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # pytest's own would be closed to the server's account
        place = Path(folder)
        place.chmod(0o711)
        with server(place) as made:
            assert _asked(made.url(), "port") == str(made.port)
            assert len(list(place.iterdir())) == 1
        assert list(place.iterdir()) == []


def test_a_machine_without_a_server_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OLDEST", 99)
    with pytest.raises(Missing) as told:
        found()
    assert "apt install postgresql" in told.value.hint


def test_a_machine_without_openssl_is_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, own: Server) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(Missing, match="openssl"), server(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []
