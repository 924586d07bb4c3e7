"""What may be set about detection, as plain values."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from smartlogd.detect.bursts import ENTER, BurstRules
from smartlogd.detect.options import SoundOptions
from smartlogd.detect.sounds import WORDS


def test_whoever_sets_nothing_hears_of_dogs_and_alarms_and_of_nobody_who_speaks() -> None:
    rules = SoundOptions().rules()
    assert rules == BurstRules({word: ENTER[word] for word in WORDS if word != "speech"})


def test_every_word_can_be_asked_for() -> None:
    assert tuple(SoundOptions(words=WORDS).rules().enter) == WORDS
    with pytest.raises(ValidationError):
        SoundOptions(words=("meow",))  # type: ignore[arg-type]


@pytest.mark.parametrize("word", WORDS)
def test_whoever_is_more_sensitive_is_content_with_less(word: str) -> None:
    least, usual, most = (SoundOptions(words=WORDS, sensitivity=one).rules().enter[word] for one in (0.0, 0.5, 1.0))  # type: ignore[index]
    assert most < usual < least <= 0.95
