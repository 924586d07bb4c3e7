from __future__ import annotations

import base64
import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from smartlogd.base.errors import Exit, UnusableInput, WrongConfiguration
from smartlogd.sync.bundle import CREDENTIAL, FILE, Address, Bundle, found, kept, left, parsed, printed

SECRET = "s" * 43
PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
WHOLE = {
    "smartlogd": 1,
    "device": "door",
    "url": "postgresql://centre.example.org:5433/smartlog?sslmode=verify-full",
    "login": "smartlogd_door",
    "secret": SECRET,
    "client_certificate": None,
    "ca": PEM,
    "fleet_key": base64.b64encode(bytes(68)).decode(),
    "delivery": None,
}


def told(**other: object) -> str:
    return json.dumps(WHOLE | other)


def test_an_enrolment_is_read_as_it_was_printed() -> None:
    bundle = parsed(told())
    assert parsed(printed(bundle)) == bundle
    assert bundle.address == Address(host="centre.example.org", port=5433, database="smartlog", sslmode="verify-full")
    assert (bundle.opener, bundle.wrapped_fleet_key) == (SECRET, bytes(68))


def test_the_form_without_a_delivery_word_is_read_too() -> None:
    assert parsed(json.dumps({key: value for key, value in WHOLE.items() if key != "delivery"})).delivery is None


def test_with_a_client_certificate_the_delivery_word_opens_the_fleet_key() -> None:
    bundle = parsed(told(secret=None, client_certificate="CN=smartlogd_door", delivery="d" * 43))
    assert bundle.opener == "d" * 43


@pytest.mark.parametrize(
    "other",
    [
        {"secret": None},
        {"client_certificate": "CN=x"},
        {"client_certificate": "CN=x", "delivery": "d" * 43},
        {"secret": None, "client_certificate": "CN=x"},
        {"delivery": "d" * 43},
        {"secret": "short"},
        {"secret": "s" * 257},
        {"secret": "a secret with spaces in it"},
        {"smartlogd": 2},
        {"device": "Door!"},
        {"device": "d" * 64},
        {"login": 'x"; DROP TABLE users; --'},
        {"login": "l" * 64},
        {"ca": "no certificate"},
        {"ca": PEM + "-----BEGIN PRIVATE KEY-----"},
        {"ca": PEM + "x" * 65536},
        {"fleet_key": "not base64!"},
        {"fleet_key": "A" * 516},
        {"url": "postgresql://centre/" + "x" * 1024},
        {"unknown": 1},
    ],
    ids=lambda other: ",".join(f"{key}={str(value)[:24]}" for key, value in other.items()),
)
def test_what_is_no_enrolment_is_refused_without_repeating_it(other: dict[str, object]) -> None:
    with pytest.raises(UnusableInput, match="no enrolment") as refused:
        parsed(told(**other))
    assert SECRET not in str(refused.value)
    assert "ddd" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://door:hunter2@centre/smartlog",
        "postgresql://door@centre/smartlog",
        "postgresql://centre/smartlog?password=hunter2",
        "postgresql://centre/smartlog?user=postgres",
        "postgresql://centre/smartlog?passfile=/etc/passwd",
        "postgresql://centre/smartlog?service=other",
        "postgresql://centre/smartlog?options=-csearch_path%3Dx",
        "postgresql://centre/smartlog?sslmode=require",
        "postgresql://centre/smartlog?sslmode=disable",
        "postgresql://centre/smartlog?sslmode=verify-full&sslmode=disable",
        "postgresql://127.0.0.1.example.org/smartlog?sslmode=disable",
        "postgresql://localhost,centre/smartlog?sslmode=disable",
        "postgresql://localhost/smartlog?sslmode=disable&host=centre",
        "postgresql://localhost/smartlog?sslmode=nonsense",
        "postgresql:///smartlog",
        "postgresql://centre",
        "postgresql://centre/a/b",
        "postgresql://centre:0/smartlog",
        "postgresql://centre:99999/smartlog",
        "postgresql://[centre/smartlog",
        "postgresql://centre/smartlog?sslmode",
        "mysql://centre/smartlog",
        "http://centre/smartlog",
        "",
    ],
)
def test_a_url_with_a_secret_or_without_a_proof_of_the_server_is_refused(url: str) -> None:
    with pytest.raises(UnusableInput) as refused:
        parsed(told(url=url))
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "host", "sslmode"),
    [
        ("postgresql://centre/smartlog", "centre", "verify-full"),
        ("postgres://centre/smartlog", "centre", "verify-full"),
        ("postgresql://localhost:5432/smartlog?sslmode=disable", "localhost", "disable"),
        ("postgresql://[::1]/smartlog?sslmode=prefer", "::1", "prefer"),
        ("postgresql:///smartlog?host=%2Frun%2Fpostgresql&port=5433&sslmode=disable", "/run/postgresql", "disable"),
    ],
)
def test_only_a_server_on_this_machine_may_leave_its_proof_out(url: str, host: str, sslmode: str) -> None:
    address = parsed(told(url=url)).address
    assert (address.host, address.sslmode) == (host, sslmode)


def test_secrets_stand_in_no_repr_and_in_no_complaint() -> None:
    bundle = parsed(told())
    assert SECRET not in repr(bundle)
    assert WHOLE["fleet_key"] not in repr(bundle)
    with pytest.raises(ValidationError) as refused:
        Bundle.model_validate(WHOLE | {"secret": SECRET * 9})
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "1", '{"smartlogd": 1}', b"\xff\xfe", "[" * 60000])
def test_what_is_no_json_object_of_ours_is_refused_in_a_sentence(text: str | bytes) -> None:
    with pytest.raises(UnusableInput):
        parsed(text)


def test_more_than_an_enrolment_can_be_is_not_even_looked_at() -> None:
    with pytest.raises(UnusableInput, match="128 KiB"):
        parsed(" " * (128 * 1024 + 1))


@given(st.text(max_size=80))
def test_no_url_at_all_brings_down_the_reader(url: str) -> None:
    try:
        address = parsed(told(url=f"postgresql://{url}")).address
    except UnusableInput:
        return
    assert address.is_here or address.sslmode == "verify-full"


def test_it_is_kept_in_a_private_file_and_found_again(tmp_path: Path) -> None:
    assert found(tmp_path) is None
    path = kept(tmp_path, parsed(told()))
    assert path == tmp_path / FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert found(tmp_path) == parsed(told())


def test_another_enrolment_takes_the_place_of_the_first(tmp_path: Path) -> None:
    kept(tmp_path, parsed(told()))
    kept(tmp_path, parsed(told(device="yard")))
    here = found(tmp_path)
    assert here is not None
    assert here.device == "yard"


def test_a_credential_of_systemd_comes_first(tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    kept(tmp_path, parsed(told()))
    here = found(tmp_path, credentials)
    assert here is not None
    assert here.device == "door"
    (credentials / CREDENTIAL).write_text(told(device="yard"))
    here = found(tmp_path, credentials)
    assert here is not None
    assert here.device == "yard"


def test_a_kept_enrolment_that_was_spoilt_names_its_file(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{")
    with pytest.raises(WrongConfiguration, match=FILE) as refused:
        found(tmp_path)
    assert refused.value.code == Exit.CONFIGURATION


def test_leaving_removes_it(tmp_path: Path) -> None:
    kept(tmp_path, parsed(told()))
    assert left(tmp_path)
    assert not left(tmp_path)
    assert found(tmp_path) is None
