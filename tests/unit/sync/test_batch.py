from __future__ import annotations

from smartlogd.sync.batch import BatchSize

SIZE = BatchSize(200, 50, 1000, 0.5)


def test_a_quick_network_gets_larger_batches_up_to_the_most() -> None:
    size = SIZE
    for _ in range(10):
        size = size.after(size.rows, 0.01)
    assert size.rows == 1000


def test_a_slow_network_gets_smaller_ones_down_to_the_least() -> None:
    size = SIZE
    for _ in range(10):
        size = size.after(size.rows, 10.0)
    assert size.rows == 50


def test_a_batch_settles_where_its_answer_takes_as_long_as_it_should() -> None:
    size = SIZE
    for _ in range(20):
        size = size.after(size.rows, size.rows * 0.001)
    assert size.rows == 500


def test_a_few_rows_that_were_quick_say_nothing_about_many() -> None:
    assert SIZE.after(3, 0.001) is SIZE


def test_a_few_rows_that_were_slow_say_much_about_many() -> None:
    assert SIZE.after(3, 2.0).rows == 100


def test_an_answer_that_never_came_halves_the_next_batch() -> None:
    assert SIZE.after_failure().rows == 100


def test_what_was_too_much_is_never_tried_again() -> None:
    size = SIZE.too_much()
    for _ in range(10):
        size = size.after(size.rows, 0.01)
    assert size.rows == 100
    assert BatchSize(50, 50, 1000, 0.5).too_much().rows == 25
