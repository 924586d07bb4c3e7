from __future__ import annotations

from pathlib import Path

import pytest

from smartlogd.base.errors import Missing, SmartlogError, UnusableInput
from smartlogd.sync.address import authority, for_devices
from smartlogd.sync.administrator import administrator

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("url", "host", "told"),
    [
        ("postgresql://a:b@centre/log", None, "postgresql://centre:5432/log?sslmode=verify-full"),
        ("postgresql://a:b@centre:5433/log?sslmode=require", None, "postgresql://centre:5433/log?sslmode=verify-full"),
        ("postgresql://a:b@localhost/log", "centre.example.org", "postgresql://centre.example.org:5432/log?sslmode=verify-full"),
        ("postgresql://a@/log?host=/run/pg", "centre:5433", "postgresql://centre:5433/log?sslmode=verify-full"),
        ("postgresql://a@/log?host=/run/pg&port=7", None, "postgresql:///log?host=%2Frun%2Fpg&port=7&sslmode=disable"),
        ("postgresql://a@/log", None, "postgresql:///log?host=%2Fvar%2Frun%2Fpostgresql&port=5432&sslmode=disable"),
        ("postgresql://a@localhost/log?sslmode=disable", None, "postgresql://localhost:5432/log?sslmode=disable"),
        ("postgresql://a@[::1]/log", None, "postgresql://[::1]:5432/log?sslmode=verify-full"),
        ("postgresql://a@centre", None, "postgresql://centre:5432/a?sslmode=verify-full"),
    ],
)  # fmt: skip
def test_devices_are_told_where_the_centre_is_and_nothing_of_the_administrator(
    url: str, host: str | None, told: str
) -> None:
    assert for_devices(administrator(None, {"DATABASE_URL": url}), host) == told


@pytest.mark.parametrize("host", ["two,hosts", "a b", "centre:0", "centre:99999"])
def test_a_host_that_cannot_be_meant_is_refused(host: str) -> None:
    with pytest.raises(SmartlogError, match="address"):
        for_devices(administrator(None, {"DATABASE_URL": "postgresql://a@centre/log"}), host)


def test_the_authority_is_the_file_named_or_the_one_of_the_url(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(PEM)
    named = administrator(None, {"DATABASE_URL": f"postgresql://centre/log?sslrootcert={tmp_path / 'ca.pem'}"})
    plain = administrator(None, {"DATABASE_URL": "postgresql://centre/log?sslrootcert=system"})
    assert authority(named, None) == PEM
    assert authority(plain, tmp_path / "ca.pem") == PEM
    assert authority(plain, None) is None


def test_what_is_no_certificate_goes_into_no_enrolment(tmp_path: Path) -> None:
    url = administrator(None, {"DATABASE_URL": "postgresql://centre/log"})
    with pytest.raises(Missing):
        authority(url, tmp_path / "none.pem")
    for text in ("no certificate", PEM + "-----BEGIN PRIVATE KEY-----", PEM + "x" * 65536, "é"):
        (tmp_path / "bad.pem").write_text(text)
        with pytest.raises(UnusableInput):
            authority(url, tmp_path / "bad.pem")
