"""Rows leave a Parquet file; row groups without them stay as the bytes they were."""

import datetime as dt
import io
from collections.abc import Collection, Mapping
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings, strategies

from purge.adapters.arrow.files import Buffer
from purge.adapters.parquet import (
    footer as parquet_footer,
    splicing as parquet_splicing,
    thrift as parquet_thrift,
)
from purge.adapters.parquet.footer import ParquetUnreadableError
from purge.domain.spans import Keep, Span

ROWS = 100
GROUP = 10


def a_table(rows: int = ROWS) -> pa.Table:
    return pa.table(
        {
            "id": pa.array(range(rows), pa.int64()),
            "email": [f"person{number % 7}@customer.example" for number in range(rows)],
            "amount": pa.array(
                [Decimal(number) / 4 for number in range(rows)], pa.decimal128(12, 2)
            ),
            "at": pa.array([dt.datetime(2026, 1, 1, 0, number % 60) for number in range(rows)]),  # noqa: DTZ001 - a local timestamp column
            "tags": [[f"t{number % 3}"] * (number % 4) for number in range(rows)],
            "who": [{"name": f"n{number}", "age": number or None} for number in range(rows)],
            "maybe": pa.array([None if number % 5 else number for number in range(rows)]),
        }
    )


def a_file(table: pa.Table | None = None, **options: object) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(a_table() if table is None else table, buffer, row_group_size=GROUP, **options)
    return buffer.getvalue()


def spliced(content: bytes, rows: Mapping[int, Collection[int]]) -> bytes:
    source = Buffer(content)
    return b"".join(
        source.read(Span(one.offset, one.length)) if isinstance(one, Keep) else one.content
        for one in parquet_splicing.segments(source=source, rows=rows)
    )


def without(table: pa.Table, rows: Mapping[int, Collection[int]]) -> pa.Table:
    gone = {group * GROUP + row for group, numbers in rows.items() for row in numbers}
    return table.filter(pa.array([row not in gone for row in range(table.num_rows)]))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "zstd"},
        {"compression": "gzip", "data_page_version": "2.0"},
        {"compression": "none", "use_dictionary": False},
        {"compression": {"id": "snappy", "email": "gzip"}},
        {"write_page_index": True},
        {"write_statistics": False},
        {"use_deprecated_int96_timestamps": True},
        {"use_compliant_nested_type": False},
        {"version": "1.0"},
        {"store_schema": False},
    ],
    ids=str,
)
def test_rows_leave_and_everything_else_stays(options: Mapping[str, object]) -> None:
    content = a_file(**options)
    rows = {0: [3], 4: [0, 9], 7: range(GROUP)}

    result = spliced(content, rows)

    before, after = pq.ParquetFile(io.BytesIO(content)), pq.ParquetFile(io.BytesIO(result))
    assert after.read().equals(without(before.read(), rows))
    assert after.metadata.num_row_groups == 9
    assert after.schema.equals(before.schema)
    assert after.metadata.metadata == before.metadata.metadata
    for number in range(before.metadata.num_columns):
        old, new = (one.metadata.row_group(0).column(number) for one in (before, after))
        assert new.compression == old.compression
        assert new.has_dictionary_page == old.has_dictionary_page
        assert new.is_stats_set == old.is_stats_set


def test_untouched_row_groups_are_the_same_bytes() -> None:
    content = a_file()
    footer = parquet_footer.read(Buffer(content))

    result = spliced(content, {5: [1]})

    for number, group in enumerate(footer.row_groups):
        span = parquet_footer.extent(group)
        assert (content[span.offset : span.end] in result) is (number != 5)


def test_page_indexes_of_untouched_row_groups_still_lead_to_their_pages() -> None:
    content = a_file(write_page_index=True)

    result = spliced(content, {0: [0]})

    footer = parquet_footer.read(Buffer(result))
    for chunk, meta in parquet_footer.columns_of(footer.row_groups[3]):
        offset, length = chunk.get(4), chunk.get(5)
        index, _ = parquet_thrift.read(result[offset : offset + length])
        first = index.items(1)[0].get(1)
        assert first == meta.get(9)


def test_a_value_that_left_is_in_no_page_statistic_or_dictionary() -> None:
    table = pa.table({"email": [f"person{number}@customer.example" for number in range(ROWS)]})
    content = a_file(table, compression="none", write_page_index=True)
    assert b"person42@" in content

    result = spliced(content, {4: [2]})

    assert b"person42@" not in result
    assert b"person43@" in result


def test_a_footer_is_written_back_byte_for_byte() -> None:
    content = a_file(write_page_index=True)
    footer = parquet_footer.read(Buffer(content))

    assert parquet_footer.encoded(footer.metadata) == content[footer.data_end :]


def test_all_rows_may_leave() -> None:
    result = spliced(a_file(), {number: range(GROUP) for number in range(10)})

    assert pq.read_table(io.BytesIO(result)).num_rows == 0


@pytest.mark.parametrize(
    "content", [b"", b"PAR1", b"PAR1" * 4, b"PAR1" + b"\xff" * 50 + b"\x20\0\0\0PAR1", b"x" * 99]
)
def test_what_is_no_parquet_file_is_refused(content: bytes) -> None:
    with pytest.raises(ParquetUnreadableError):
        spliced(content, {0: [0]})


@settings(max_examples=40, deadline=None)
@given(
    strategies.dictionaries(
        strategies.integers(0, 9), strategies.sets(strategies.integers(0, GROUP - 1)), max_size=10
    )
)
def test_any_rows_may_leave(rows: dict[int, set[int]]) -> None:
    table = a_table()

    result = spliced(a_file(table), rows)

    assert pq.read_table(io.BytesIO(result)).equals(without(table, rows))
