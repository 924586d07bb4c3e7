"""Nothing too large is said, and what the broker's rules refuse is said once and counted."""

from __future__ import annotations

import logging

import pytest
from quiet import QuietLine

from smartlogd.telemetry.trouble import BrokerAway
from smartlogd.telemetry.voice import Account, Voice


async def test_what_is_said_arrives_and_a_refusal_is_counted_for_each_but_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    line, account = QuietLine(), Account()
    voice = Voice(line, account)
    await voice.tell("a", b"1", retain=True)
    line.refused.add("b")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            await voice.tell("b", b"2")
    assert line.said[0] == ("a", b"1", True)
    assert account.refused == 3
    assert len(caplog.records) == 1


async def test_what_is_too_large_is_not_said(caplog: pytest.LogCaptureFixture) -> None:
    line, account = QuietLine(), Account()
    line.most_bytes = 10
    with caplog.at_level(logging.WARNING):
        await Voice(line, account).tell("a", b"x" * 11)
    assert line.said == []
    assert account.too_large == 1
    assert "too large" in caplog.text


async def test_a_line_that_is_gone_is_told_to_whoever_speaks() -> None:
    line = QuietLine()
    line.is_gone = True
    with pytest.raises(BrokerAway):
        await Voice(line, Account()).tell("a", b"")


def test_remarks_end_after_a_hundred(caplog: pytest.LogCaptureFixture) -> None:
    account = Account()
    for place in range(200):
        account.remark("refused", topic=str(place))
    assert len(caplog.records) == 100
