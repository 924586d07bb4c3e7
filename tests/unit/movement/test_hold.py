from __future__ import annotations

import pytest
from walks import at, seconds

from smartlogd.base.known import Behaviour, TrackId
from smartlogd.movement.hold import NOTHING, Bounds, Hold, Spell, over, seen, told

ONE = Bounds(dwell_s=1.0, leave_s=1.0, unknown_s=5.0)
FPS = 10


def play(
    looks: str, bounds: Bounds = ONE, fps: float = FPS, start: float = 0.0, spell: Spell | None = None
) -> tuple[Spell, list[tuple[str, float, float | None]]]:
    """Looks as letters (`.` knows nothing, `-` sees nothing of the kind), and what they tell: word, start, end."""
    spell = spell or Spell()
    said: list[tuple[str, float, float | None]] = []
    for number, letter in enumerate(looks):
        word = {".": None, "-": NOTHING}.get(letter, letter)
        hold = seen(spell.hold, word, 0.8, at(start + number / fps), bounds)
        spell, news = told(spell, hold, TrackId(1))
        said += [(one.what, seconds(one.start), None if one.end is None else seconds(one.end)) for one in news]
    return spell, said


def test_a_word_is_told_once_it_was_held_for_its_dwell() -> None:
    assert play("s" * 10)[1] == []
    assert play("s" * 11)[1] == [("s", 0.0, None)]
    assert play("s" * 300)[1] == [("s", 0.0, None)]


def test_a_word_that_needs_no_dwell_is_told_at_its_first_look() -> None:
    assert play("s", Bounds(0.0, 0.0, 1.0))[1] == [("s", 0.0, None)]


@pytest.mark.parametrize("blink", ["t", "ttt", "t.t", "tu", "-"])
def test_a_blink_of_another_word_ends_nothing(blink: str) -> None:
    assert play("s" * 20 + blink + "s" * 20)[1] == [("s", 0.0, None)]


@pytest.mark.parametrize("blink", ["t", "..", "tt"])
def test_a_blink_before_the_dwell_is_full_only_delays(blink: str) -> None:
    (began,) = play("s" * 8 + blink + "s" * 10)[1]
    assert began == ("s", 0.0, None)


def test_dithering_about_a_third_of_the_time_counts_once() -> None:
    assert play("ssst" * 50)[1] == [("s", 0.0, None)]


def test_another_word_that_lasts_takes_over_where_it_began() -> None:
    _, said = play("s" * 20 + "t" * 20)
    assert said == [("s", 0.0, None), ("s", 0.0, 1.9), ("t", 2.0, None)]


def test_a_stray_look_after_the_change_does_not_make_the_old_word_last_longer() -> None:
    _, said = play("s" * 20 + "ttts" + "t" * 20)
    assert said[1:] == [("s", 0.0, 2.0), ("t", 2.0, None)]


def test_a_third_word_wears_the_rival_down_before_it_is_one() -> None:
    spell, said = play("s" * 20 + "tttt" + "uuuuu")
    assert said == [("s", 0.0, None)]
    assert spell.hold.rival is not None
    assert spell.hold.rival.word == "u"


def test_unknown_for_long_ends_it_where_it_was_seen_last() -> None:
    _, said = play("s" * 20 + "." * 60)
    assert said == [("s", 0.0, None), ("s", 0.0, 1.9)]


def test_unknown_for_a_while_does_not() -> None:
    assert play("s" * 20 + "." * 45 + "s" * 20)[1] == [("s", 0.0, None)]


def test_a_rival_of_long_ago_is_forgotten() -> None:
    assert play("sssss" + "." * 60 + "ssssss")[1] == []


def test_a_few_answers_in_a_long_silence_are_no_dwell() -> None:
    # One look in 3 s proves at most three quarters of a second of them: the dwell is full at the third.
    assert play("s" + "." * 29 + "s", fps=10)[1] == []


def test_nothing_of_the_kind_ends_it_and_is_not_told() -> None:
    _, said = play("s" * 20 + "-" * 20 + "s" * 20)
    assert said == [("s", 0.0, None), ("s", 0.0, 1.9), ("s", 4.0, None)]


def test_what_tells_of_the_seconds_before_it_began_that_much_earlier() -> None:
    _, said = play("-" * 20 + "s" * 20, Bounds(1.0, 1.0, 5.0, lookback_s=0.8))
    assert said == [("s", 1.2, None)]


@pytest.mark.parametrize("fps", [2, 3, 5, 10, 15, 30])
def test_any_frame_rate_tells_the_same(fps: int) -> None:
    _, said = play("s" * 4 * fps + "t" * fps * 4, fps=fps)
    assert [(word, start) for word, start, _ in said] == [("s", 0.0), ("s", 0.0), ("t", 4.0)]
    assert said[1][2] == pytest.approx(4 - 1 / fps)


def test_how_sure_it_is_is_the_mean_of_the_looks_that_proved_it() -> None:
    spell = Spell()
    for number in range(11):
        hold = seen(spell.hold, "s", 0.5 if number % 2 else 0.7, at(number / 10), ONE)
        spell, news = told(spell, hold, TrackId(3), {"zone": "sofa"})
    (began,) = news
    assert began == Behaviour("s", TrackId(3), at(0), None, pytest.approx(0.609, abs=1e-3), {"zone": "sofa"})


def test_what_was_not_begun_cannot_be_over() -> None:
    assert over(Spell()) == ()
    assert over(Spell(Hold())) == ()


def test_what_is_over_was_so_until_it_was_seen_last() -> None:
    spell, _ = play("s" * 20 + "...")
    (end,) = over(spell)
    assert (end.start, end.end, end.data) == (at(0), at(1.9), {})
