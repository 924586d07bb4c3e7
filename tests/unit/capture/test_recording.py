"""A file is read in a thread, a little ahead, and only while somebody takes what it gives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.capture.recording import RecordingReader


class Numbers(RecordingReader[int]):
    """Reads a file of numbers, and notes how far it has read."""

    def __init__(self, path: Path, source: Callable[[], Iterator[int]]) -> None:
        super().__init__(path, 2, "numbers")
        self.read = 0
        self._source = source

    def _noted(self) -> Iterator[int]:
        for number in self._source():
            self.read += 1
            yield number

    def numbers(self) -> AsyncGenerator[int, None]:
        return self._taken(self._noted)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "numbers").write_text("some bytes")
    return tmp_path / "numbers"


async def test_all_is_given_in_its_order_and_then_it_has_ended(path: Path) -> None:
    reader = Numbers(path, lambda: iter(range(20)))
    assert reader.status == "opening"
    assert [number async for number in reader.numbers()] == list(range(20))
    assert (reader.name, reader.status) == ("numbers", "ended")


async def test_it_reads_no_farther_ahead_than_it_may(path: Path) -> None:
    reader = Numbers(path, lambda: iter(range(100)))
    async with aclosing(reader.numbers()) as numbers:
        assert await anext(numbers) == 0
        await asyncio.sleep(0.1)
        assert reader.read <= 4
        assert reader.status == "running"
    assert reader.status == "ended"


async def test_what_goes_wrong_is_raised_after_what_was_read(path: Path) -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise UnusableInput("The rest is broken.")

    numbers = Numbers(path, broken).numbers()
    assert await anext(numbers) == 1
    with pytest.raises(UnusableInput, match="broken"):
        await anext(numbers)


async def test_a_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Missing):
        await anext(Numbers(tmp_path / "none", lambda: iter(())).numbers())


async def test_paused_it_gives_nothing_until_it_is_resumed(path: Path) -> None:
    reader = Numbers(path, lambda: iter(range(3)))
    await reader.pause()
    assert reader.status == "paused"
    first = asyncio.ensure_future(anext(numbers := reader.numbers()))
    await asyncio.sleep(0.05)
    assert not first.done()
    await reader.resume()
    assert await first == 0
    await numbers.aclose()


async def test_closed_before_it_began_it_gives_nothing(path: Path) -> None:
    reader = Numbers(path, lambda: iter(range(3)))
    await reader.close()
    assert [number async for number in reader.numbers()] == []
    assert reader.read == 0
