"""Cuts and what they leave, compared with cutting a list of bytes one by one."""

from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from purge.domain.spans import Cuts, Span, kept, merged

SPANS = st.lists(st.builds(Span, st.integers(0, 60), st.integers(0, 8)), max_size=10)


@given(spans=SPANS)
def test_what_is_kept_is_everything_that_was_not_cut(spans: list[Span]) -> None:
    spans = [span for span in spans if span.end <= 64]
    gone = {at for span in spans for at in range(span.offset, span.end)}

    left = [
        at
        for keep in kept(size=64, cuts=spans)
        for at in range(keep.offset, keep.offset + keep.length)
    ]

    assert left == [at for at in range(64) if at not in gone]


@given(spans=SPANS)
def test_merged_spans_are_sorted_and_apart(spans: list[Span]) -> None:
    result = merged(spans)

    assert all(one.end < other.offset for one, other in pairwise(result))


@given(rounds=st.lists(SPANS, max_size=4))
def test_present_positions_are_found_through_all_cuts(rounds: list[list[Span]]) -> None:
    cuts, gone = Cuts(), set[int]()
    for spans in rounds:
        cuts = cuts.with_more(spans)
        gone |= {at for span in spans for at in range(span.offset, span.end)}
    left = [at for at in range(80) if at not in gone]

    for position, at in enumerate(left):
        assert cuts.present(Span(at, 1)) == Span(position, 1)


def test_a_row_inside_a_cut_has_no_position() -> None:
    with pytest.raises(LookupError):
        Cuts([Span(10, 5)]).present(Span(12, 1))
