"""What fuzzing found stays found: its corpus is replayed, and a little more is tried each time."""

import random

import pytest
from hypothesis import given, settings as hypothesis_settings, strategies as st

from tests.fuzz import corpora, mutations, seeds
from tests.fuzz.targets import TARGETS

CORPUS_LIMIT = 300_000


@pytest.mark.parametrize("name", TARGETS)
def test_the_kept_corpus_is_answered_without_a_failure(name: str) -> None:
    kept = seeds.kept(name)

    endings = {TARGETS[name](raw) for raw in kept}

    assert len(kept) > 20
    assert len(endings) > 5, endings


def test_the_kept_corpus_is_small() -> None:
    files = [file for file in seeds.CORPUS.rglob("*") if file.is_file()]

    assert sum(file.stat().st_size for file in files) < CORPUS_LIMIT
    assert {file.parent.name for file in files} == set(TARGETS)


@pytest.mark.parametrize("name", TARGETS)
def test_good_documents_are_accepted_so_that_fuzzing_starts_behind_the_door(name: str) -> None:
    assert TARGETS[name](seeds.fresh(name)[0]) == ""


@pytest.mark.parametrize("name", TARGETS)
@hypothesis_settings(max_examples=500, deadline=None)
@given(st.integers(0, 2**32), st.data())
def test_documents_that_are_rebuilt_at_random_are_answered(
    name: str, chance: int, data: st.DataObject
) -> None:
    raw = data.draw(st.sampled_from(seeds.fresh(name)))

    TARGETS[name](mutations.mutated(raw, chance=random.Random(chance)))  # noqa: S311 - no secret


def test_keeping_asks_which_lines_of_ours_an_input_reaches() -> None:
    good, nothing = seeds.fresh("guard")[0], b""

    assert corpora.reached_by("guard", good) - corpora.reached_by("guard", nothing)
