from __future__ import annotations

import pytest

from smartlogd.sync.line import Line
from smartlogd.sync.trouble import CentreAway


def test_a_line_is_open_from_the_first_answer_until_it_is_closed(live, centre) -> None:
    async def story() -> list[bool]:
        line = Line(centre)
        seen = [line.is_open]
        await line.pull(0, 10)
        seen.append(line.is_open)
        await line.close()
        return [*seen, line.is_open]

    assert live(story) == [False, True, False]


def test_a_question_without_an_answer_opens_nothing(live, centre) -> None:
    centre.troubles = [CentreAway("away")]

    async def story() -> float:
        line = Line(centre)
        with pytest.raises(CentreAway):
            await line.ingest("e", "[]", {})
        return line.idle_s()

    assert live(story) < 0
