"""How the upload fares, in numbers."""

from __future__ import annotations

from smartlogd.sync.tally import Tally


def test_what_is_sent_and_what_was_sent_are_told(clock) -> None:
    tally = Tally(clock)
    assert (tally.is_sending, tally.fields()["last_upload"]) == (False, None)
    tally.begun(10)
    tally.sent(4)
    assert (tally.is_sending, tally.fields()["sending_bytes"], tally.fields()["sent_bytes"]) == (True, 10, 4)
    tally.uploaded(10)
    tally.done()
    fields = tally.fields()
    assert (fields["uploaded"], fields["bytes"], fields["sending_bytes"]) == (1, 10, 0)
    assert str(fields["last_upload"]).endswith("+00:00")
