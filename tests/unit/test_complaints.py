"""Complaints: where a value belongs, and which known word is nearest."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import BaseModel, Field

from smartlogd.complaints import annotation_at, complaint, model_at, nearest


class Leaf(BaseModel):
    size: int = 1


class Root(BaseModel):
    leaf: Leaf = Leaf()
    named: dict[str, Leaf] = Field(default_factory=dict)
    listed: tuple[Leaf, ...] = ()
    perhaps: Annotated[Leaf | None, Field()] = None
    number: int | None = None


@pytest.mark.parametrize(
    "where", [("leaf",), ("named", "x"), ("listed", 3), ("perhaps",)], ids=["table", "by name", "in a list", "optional"]
)
def test_a_table_is_found_wherever_it_stands(where: tuple[str | int, ...]) -> None:
    assert model_at(Root, where) is Leaf
    assert annotation_at(Root, (*where, "size")) is int


@pytest.mark.parametrize(
    "where", [("none",), ("leaf", "none"), ("leaf", "size", "more"), ("named", "[key]"), ("leaf", 0)]
)
def test_nothing_is_found_where_nothing_belongs(where: tuple[str | int, ...]) -> None:
    assert model_at(Root, where) is None
    assert annotation_at(Root, where) is None


def test_the_nearest_word_is_given_however_far_it_is() -> None:
    assert nearest("zzz", ("fps", "source")) in ("fps", "source")
    assert nearest("fps_", ("source", "fps", "height_px")) == "fps"


def test_pydantics_note_on_an_arm_of_a_union_is_not_shown() -> None:
    fault = {"loc": ("number", "int"), "type": "int_type", "msg": "Input should be a valid integer", "input": "x"}
    assert complaint(Root, fault, "in f").what == 'number in f is "x", but it should be a whole number.'


def test_a_table_in_a_list_is_counted_from_one() -> None:
    fault = {"loc": ("listed", 1, "sise"), "type": "extra_forbidden", "msg": "", "input": 1}
    said = complaint(Root, fault, "in f")
    assert said.what == "The key sise of [[listed]] number 2 in f is unknown."
    assert said.hint == "The nearest known key is size."


def test_a_key_that_stands_in_another_table_is_sent_home() -> None:
    fault = {"loc": ("perhaps", "size"), "type": "extra_forbidden", "msg": "", "input": 1}
    assert complaint(Root, fault, "in f").hint == "size belongs to [leaf]."
