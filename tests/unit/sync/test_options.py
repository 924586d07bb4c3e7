from __future__ import annotations

import pytest
from pydantic import ValidationError

from smartlogd.sync.options import MediaOptions, SyncOptions


def test_every_option_is_described_and_has_a_default() -> None:
    assert all(field.description and not field.is_required() for field in SyncOptions.model_fields.values())


def test_an_address_without_a_secret_is_taken() -> None:
    url = "postgresql://centre.example.org:5433/smartlog?sslmode=verify-full"
    assert SyncOptions(url=url).url == url


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://door:hunter2secret@centre.example.org/smartlog",
        "postgresql://centre.example.org/smartlog?password=hunter2secret",
        "https://centre.example.org/",
        "postgresql://centre.example.org/smartlog?sslmode=disable",
        "postgresql://[::1/smartlog",
    ],
)
def test_an_address_with_a_secret_or_of_something_else_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="url"):
        SyncOptions(url=url)


def test_sizes_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ValidationError, match="batch_rows_least"):
        SyncOptions(batch_rows_least=500, batch_rows_most=100)


def test_half_a_client_certificate_is_refused() -> None:
    with pytest.raises(ValidationError, match="belong together"):
        SyncOptions(client_certificate="/etc/smartlogd/door.crt")


def test_every_option_of_recordings_is_described_and_they_stay_here_without_a_bucket() -> None:
    assert all(field.description and not field.is_required() for field in MediaOptions.model_fields.values())
    assert SyncOptions().media.is_on is False
    assert MediaOptions(bucket="clips").is_on is True


@pytest.mark.parametrize(
    "endpoint",
    [
        "s3.example.org", "ftp://s3.example.org", "https://key:secret@s3.example.org", "https://s3.example.org/clips",
        "https://s3.example.org:99999", "https://", "http://s3.example.org", "https://s3.example.org/?x=1",
    ],
)  # fmt: skip
def test_an_endpoint_that_cannot_be_meant_or_shows_faces_on_the_line_is_refused(endpoint: str) -> None:
    with pytest.raises(ValidationError) as error:
        MediaOptions(bucket="clips", endpoint=endpoint)
    assert "secret" not in str(error.value).partition("[type=")[0]


def test_plain_http_is_for_this_machine_or_whoever_says_so() -> None:
    for given in ({"endpoint": "http://127.0.0.1:9000"}, {"endpoint": "http://nas:9000", "allow_http": True}):
        assert MediaOptions(bucket="clips", **given).endpoint == given["endpoint"]
    assert MediaOptions(endpoint="https://s3.example.org:9000/").endpoint == "https://s3.example.org:9000"


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("bucket", "no bucket"),
        ("bucket", "a"),
        ("prefix", "/a"),
        ("prefix", "a//b"),
        ("prefix", "../a"),
        ("region", "x y"),
    ],
)
def test_what_would_spoil_a_key_is_refused(name: str, wrong: str) -> None:
    with pytest.raises(ValidationError, match=name):
        MediaOptions(**{name: wrong})
