"""What becomes of a step, and of all of them together."""

from __future__ import annotations

from typing import Any

import pytest

from smartlogd.routines.steps import STANDING, Move, Standing, StepRun, answered, treats, whole


@pytest.mark.parametrize("standing", list(Standing))
@pytest.mark.parametrize("move", list(Move))
def test_a_step_moves_as_the_table_says_and_no_other_way(standing: Standing, move: Move) -> None:
    step = StepRun("pet", standing)
    if move in STANDING[standing]:
        assert step.moved(move).standing is STANDING[standing][move]
    else:
        with pytest.raises(KeyError):
            step.moved(move)


def test_it_is_asked_once_and_ends_once() -> None:
    assert [one for one in Standing if StepRun("pet", one).is_over] == [
        Standing.DONE, Standing.FAILED, Standing.TIMEOUT, Standing.AWAY,
    ]  # fmt: skip
    assert set(STANDING) == set(Standing)


def test_a_step_is_told_with_what_was_said_of_it() -> None:
    step = StepRun("play").moved(Move.ASK).moved(Move.FAILED, took_s=1.23456, by="actuator", detail="x" * 300)
    assert step.told() == {
        "type": "play", "result": "failed", "took_s": 1.235, "by": "actuator", "detail": "x" * 200,
    }  # fmt: skip


@pytest.mark.parametrize("said", [{}, {"result": 7}, {"result": None}, {"result": "ask"}, {"result": ["done"]}])
def test_what_is_no_answer_is_a_failure(said: Any) -> None:
    assert answered(said) is Move.FAILED


@pytest.mark.parametrize(
    ("steps", "result"),
    [
        ("treat:done wait:done pet:done", "done"),
        ("wait:done", "done"),
        ("treat:done wait:done pet:timeout", "partly"),
        ("treat:failed wait:done pet:away", "failed"),
        ("treat:timeout", "failed"),
    ],
)
def test_a_run_goes_as_its_steps_go_and_waiting_alone_is_no_success(steps: str, result: str) -> None:
    pairs = (step.split(":") for step in steps.split())
    assert whole([StepRun(type_, Standing(standing)) for type_, standing in pairs]) == result


def test_treats_are_counted() -> None:
    assert (treats({}), treats({"count": 3}), treats({"count": "3"})) == (1, 3, 1)
