from __future__ import annotations

import datetime as dt

from smartlogd.base.wire import Verdicts, Waiting
from smartlogd.sync.account import Account

NOON = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)


def test_an_account_counts_what_was_said() -> None:
    account = Account()
    account.verdicts(Verdicts((1, 2), (3,), {4: "no"}, (5,)), NOON, 10.0)
    account.waiting = Waiting(7, 2, NOON - dt.timedelta(seconds=90), 1)
    said = account.fields(NOON, 11.0)
    assert (said["sent"], said["duplicate"], said["rejected"]) == (2, 1, 1)
    assert (said["waiting"], said["waiting_for_clock"], said["oldest_age_s"], said["dead"]) == (7, 2, 90.0, 1)
    assert said["last_verdict"] == "2026-11-22T12:00:00.000+00:00"
    assert said["last_pull"] is None


def test_the_rate_is_that_of_the_last_minute() -> None:
    account = Account()
    for second in range(120):
        account.verdicts(Verdicts(ok=tuple(range(100))), NOON, float(second))
    assert 99 <= account.rate(119.5) <= 102
    assert account.rate(200.0) == 0.0


def test_an_oldest_row_from_the_future_is_not_younger_than_now() -> None:
    account = Account(waiting=Waiting(1, 0, NOON + dt.timedelta(hours=1), 0))
    assert account.fields(NOON, 0.0)["oldest_age_s"] == 0.0
