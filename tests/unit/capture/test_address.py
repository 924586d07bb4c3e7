from __future__ import annotations

import pytest

from smartlogd.base.errors import UnusableInput
from smartlogd.capture.address import shown


def test_an_address_is_shown_without_user_password_or_query() -> None:
    assert shown("rtsp://door:secret@192.0.2.7:554/one?key=x#y") == "rtsp://192.0.2.7:554/one"
    assert shown("rtsps://camera.example/one") == "rtsps://camera.example/one"


@pytest.mark.parametrize(
    "source", ["rtsp://", "rtsp://door:secret@:554/one", "rtsp://host:port/one", "rtsp://[::1/one"]
)
def test_what_is_no_address_is_refused_without_repeating_it(source: str) -> None:
    with pytest.raises(UnusableInput) as raised:
        shown(source)
    assert "secret" not in str(raised.value)
