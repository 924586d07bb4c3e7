from __future__ import annotations

import pytest
from pydantic import ValidationError

from smartlogd.sync.options import SyncOptions


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
