"""Parts of an S3 object's next version: within the store's limits, and the same bytes."""

from collections.abc import Sequence

import pytest
from hypothesis import given, strategies as st

from purge.domain import s3_parts
from purge.domain.s3_parts import (
    LARGEST,
    MIB,
    MOST,
    SMALLEST,
    Copy,
    Costs,
    Part,
    TooManyPartsError,
    Upload,
)
from purge.domain.spans import Fresh, Keep, Segment, Span, kept

GIB = 1 << 30


def length(part: Part) -> int:
    return part.length


def as_bytes(segments: Sequence[Segment], source: bytes) -> bytes:
    content = b""
    for one in segments:
        match one:
            case Keep():
                content += source[one.offset : one.offset + one.length]
            case Fresh():
                content += one.content
    return content


def segments_of(parts: Sequence[Part]) -> list[Segment]:
    result: list[Segment] = []
    for part in parts:
        match part:
            case Copy():
                result.append(Keep(part.offset, part.length))
            case Upload():
                result.extend(part.pieces)
    return result


def is_allowed(parts: Sequence[Part]) -> bool:
    return (
        1 <= len(parts) <= MOST
        and all(part.length >= SMALLEST for part in parts[:-1])
        and all(part.length <= LARGEST for part in parts)
    )


keeps = st.builds(
    Keep,
    st.integers(0, 1 << 42),
    st.one_of(
        st.integers(0, 3000),
        st.integers(0, 20 * MIB),
        st.integers(0, 3 * GIB),
        st.integers(0, 1 << 39),
    ),
)
fresh = st.builds(lambda size: Fresh(bytes(size)), st.integers(0, 40_000))


@given(st.lists(st.one_of(keeps, fresh), max_size=60))
def test_every_part_is_one_that_the_store_takes(segments: list[Segment]) -> None:
    parts = list(s3_parts.parts(segments))

    assert is_allowed(parts)
    assert sum(map(length, parts)) == sum(map(s3_parts.length_of, segments))


@given(st.lists(st.one_of(keeps, fresh), max_size=60))
def test_the_parts_are_the_segments_in_order(segments: list[Segment]) -> None:
    made = segments_of(list(s3_parts.parts(segments)))

    assert list(s3_parts.joined(made)) == list(s3_parts.joined(segments)) or flat(made) == flat(
        segments
    )


def flat(segments: Sequence[Segment]) -> list[tuple[int, int] | bytes]:
    """Neighbouring pieces joined, ranges and bytes alike."""
    result: list[tuple[int, int] | bytes] = []
    for one in s3_parts.joined(segments):
        last = result[-1] if result else None
        match one:
            case Fresh() if isinstance(last, bytes):
                result[-1] = last + one.content
            case Fresh():
                result.append(one.content)
            case Keep():
                result.append((one.offset, one.length))
    return result


@given(
    size=st.integers(0, 60 * MIB),
    cuts=st.lists(st.builds(Span, st.integers(0, 60 * MIB), st.integers(1, 70_000)), max_size=20),
)
def test_cutting_any_records_keeps_to_the_limits_and_never_beats_the_whole_in_bytes(
    size: int, cuts: list[Span]
) -> None:
    inside = [span for span in cuts if span.end <= size]
    segments = list(kept(size=size, cuts=inside))

    cost = s3_parts.costs(segments)

    assert is_allowed(list(s3_parts.parts(segments)))
    assert cost.downloaded <= size
    assert cost.uploaded + cost.copied == sum(one.length for one in segments)


def test_ten_scattered_rows_of_a_gibibyte_download_almost_nothing() -> None:
    cuts = [Span(number * 100 * MIB + 17, 400) for number in range(10)]

    cost = s3_parts.costs(kept(size=GIB, cuts=cuts))

    assert cost.downloaded <= SMALLEST + MIB
    assert cost.requests <= 15


def test_rows_near_each_other_cost_their_neighbourhood_only() -> None:
    cuts = [Span(500 * MIB + number * MIB, 400) for number in range(10)]

    cost = s3_parts.costs(kept(size=GIB, cuts=cuts))

    assert cost.downloaded < 20 * MIB


def test_an_object_full_of_scattered_rows_is_downloaded_in_large_ranges() -> None:
    cuts = [Span(number * 100_000, 400) for number in range(5000)]

    cost = s3_parts.costs(kept(size=500_000_000, cuts=cuts))

    assert cost.copied == 0
    assert cost.requests == 2 * cost.parts
    assert cost.parts <= 62


def test_a_small_object_takes_one_download_and_one_upload() -> None:
    cost = s3_parts.costs(kept(size=3 * MIB, cuts=[Span(MIB, 10)]))

    assert str(cost) == (
        "1 parts: 0 bytes copied by the store, 3 MiB downloaded, 3 MiB uploaded, 2 requests"
    )


def test_a_small_object_is_never_copied_by_the_store() -> None:
    parts = list(s3_parts.parts(kept(size=1000, cuts=[Span(900, 100)])))

    assert parts == [Upload((Keep(0, 900),))]


def test_a_small_rest_of_a_large_object_is() -> None:
    parts = list(s3_parts.parts(kept(size=20 * MIB, cuts=[Span(19 * MIB, 100)])))

    assert parts == [Copy(0, 19 * MIB), Copy(19 * MIB + 100, MIB - 100)]


def test_an_object_of_which_nothing_is_left_has_one_empty_part() -> None:
    assert list(s3_parts.parts([])) == [Upload(())]


def test_five_tebibytes_cut_everywhere_fit_into_ten_thousand_parts() -> None:
    step = 8 * MIB
    cuts = [Span(at, 100) for at in range(step, 5 << 40, step)]

    assert is_allowed(list(s3_parts.parts(kept(size=5 << 40, cuts=cuts))))


def test_five_tebibytes_in_one_range_are_few_copies() -> None:
    parts = list(s3_parts.parts([Keep(0, 5 << 40)]))

    assert is_allowed(parts)
    assert len(parts) <= 1100


def test_what_no_ten_thousand_parts_can_hold_is_refused() -> None:
    with pytest.raises(TooManyPartsError):
        list(s3_parts.parts(Keep(at << 40, 50 << 30) for at in range(10_000)))


def test_long_ranges_are_copied_in_pieces_side_by_side() -> None:
    parts = list(s3_parts.parts([Keep(0, GIB)]))

    assert [part.length for part in parts] == [256 * MIB] * 4


def test_near_ranges_are_downloaded_in_one() -> None:
    pieces = (Keep(0, 10), Fresh(b"x"), Keep(20, 10), Keep(10 * MIB, 5))

    assert s3_parts.fetches(pieces) == [Span(0, 30), Span(10 * MIB, 5)]


def test_bytes_come_out_as_the_segments_say() -> None:
    source = bytes(range(256)) * 100
    segments: list[Segment] = [Keep(5, 100), Fresh(b"new"), Keep(300, 20_000), Keep(4, 1)]

    made = segments_of(list(s3_parts.parts(segments)))

    assert as_bytes(made, source) == as_bytes(segments, source)


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 bytes"), (1023, "1023 bytes"), (1536, "1.5 KiB"), (GIB, "1 GiB")]
)
def test_sizes_are_told_shortly(size: int, text: str) -> None:
    assert s3_parts.readable(size) == text


def test_costs_add_up() -> None:
    total = Costs()

    total.add(Copy(0, SMALLEST))
    total.add(Upload((Fresh(b"abc"),)))

    assert (total.parts, total.copied, total.uploaded, total.requests) == (2, SMALLEST, 3, 2)


def test_the_effort_of_a_small_object_is_two_requests() -> None:
    left = kept(size=MIB, cuts=[Span(10, MIB // 2)])

    told = s3_parts.told(size=MIB, segments=left)

    assert told == "1 MiB downloaded, 512 KiB put whole, 2 requests"
