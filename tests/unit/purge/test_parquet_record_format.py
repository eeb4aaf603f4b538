"""Parquet purged by rows: typed, nested, several row groups; decoded again and looked through."""

import datetime as dt
import io
import json
import uuid
from collections.abc import Mapping
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings, strategies as st

from purge.adapters.parquet.record_format import ParquetRecordFormat
from purge.domain.identifiers import identifiers_of, wanted_in
from purge.domain.spans import Span
from purge.ports import ObjectChanged, ObjectUnreachable
from tests.factories import record_formats
from tests.fakes.storage import FakeObject

IDENTIFIERS = identifiers_of(
    [
        {"name": "customer_id", "path": "id", "type": "integer"},
        {"name": "email", "path": "who.email"},
    ]
)
WANTED = wanted_in([{"customer_id": 7, "email": "dora@customer.example"}], identifiers=IDENTIFIERS)
FORMAT = ParquetRecordFormat()
EMAILS = ["dora@customer.example", "eve@stranger.example", None]


def a_file(table: pa.Table, **options: object) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **{"row_group_size": 4, **options})
    return buffer.getvalue()


def purged(content: bytes) -> tuple[bytes, int]:
    return record_formats.purged(FORMAT, content, IDENTIFIERS, WANTED)


def judged(values: pa.Array, kind: str, asked: object, *, name: str = "id") -> tuple[int, int]:
    """How many rows of one column are theirs, and how many unclear."""
    identifiers = identifiers_of([{"name": "one", "path": "id", "type": kind}])
    wanted = wanted_in([{"one": asked}], identifiers=identifiers)
    content = a_file(pa.table({name: values, "x": range(len(values))}))
    theirs, unclear = record_formats.found(FORMAT, content, identifiers, wanted)
    return len(theirs), unclear


ROWS = st.lists(
    st.tuples(st.sampled_from([7, 8, -7, None]), st.sampled_from(EMAILS), st.booleans()),
    max_size=24,
)


@given(
    rows=ROWS,
    compression=st.sampled_from(["snappy", "zstd", "gzip", "none", "brotli", "lz4"]),
    group=st.integers(1, 9),
    dictionaries=st.booleans(),
    pages=st.sampled_from(["1.0", "2.0"]),
    index=st.booleans(),
)
@settings(max_examples=120, deadline=None)
def test_exactly_their_rows_go_and_untouched_row_groups_keep_their_bytes(
    *,
    rows: list[tuple[int | None, str | None, bool]],
    compression: str,
    group: int,
    dictionaries: bool,
    pages: str,
    index: bool,
) -> None:
    table = pa.table(
        {
            "id": pa.array([one[0] for one in rows], pa.int64()),
            "who": pa.array(
                [{"email": one[1], "n": n} if one[2] else None for n, one in enumerate(rows)],
                pa.struct([("email", pa.string()), ("n", pa.int32())]),
            ),
            "list": pa.array([[n] * (n % 3) for n in range(len(rows))], pa.list_(pa.int8())),
        }
    )
    content = a_file(
        table,
        compression=compression,
        row_group_size=group,
        use_dictionary=dictionaries,
        data_page_version=pages,
        write_page_index=index,
    )

    result, unclear = purged(content)

    theirs = [id_ == 7 or (there and email == EMAILS[0]) for id_, email, there in rows]
    stay = pa.array([not one for one in theirs], pa.bool_())
    assert unclear == 0
    assert pq.read_table(io.BytesIO(result)).equals(table.filter(stay))
    assert purged(result) == (result, 0)
    before = pq.ParquetFile(io.BytesIO(content)).metadata
    for number in range(before.num_row_groups):
        if not any(theirs[number * group : (number + 1) * group]):
            pages_of_group = before.row_group(number).column(0)
            start = pages_of_group.dictionary_page_offset or pages_of_group.data_page_offset
            raw = content[start : start + pages_of_group.total_compressed_size]
            assert raw in result


@pytest.mark.parametrize(
    "values",
    [
        pa.array([f"person{n}@customer.example" for n in range(8)]),
        pa.array([f"person{n}@customer.example" for n in range(8)]).dictionary_encode(),
        pa.array([{"deep": [f"person{n}@customer.example"]} for n in range(8)]),
        pa.array(
            [{"deep": f"person{n}@customer.example"} for n in range(8)],
            pa.struct([("deep", pa.dictionary(pa.int32(), pa.string()))]),
        ),
        pa.array(
            [[(f"person{n}@customer.example", f"person{n}@")] for n in range(8)],
            pa.map_(pa.string(), pa.string()),
        ),
    ],
    ids=lambda values: str(values.type),
)
def test_no_value_of_a_row_that_left_is_anywhere_in_the_file(values: pa.Array) -> None:
    content = a_file(
        pa.table({"id": pa.array(range(2, 10), pa.int64()), "values": values}),
        compression="none",
        write_page_index=True,
    )
    assert b"person5@" in content

    result, _ = purged(content)

    assert b"person5@" not in result
    assert b"person4@" in result
    assert pq.read_table(io.BytesIO(result)).num_rows == 7


MAP = pa.map_(pa.string(), pa.int32())
U = uuid.UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")


@pytest.mark.parametrize(
    ("values", "kind", "asked", "expected"),
    [
        (pa.array([7, 8], pa.int8()), "integer", 7, (1, 0)),
        (pa.array([7, 8], pa.uint64()), "integer", 7, (1, 0)),
        (pa.array([Decimal(7), Decimal(8)], pa.decimal128(9, 0)), "integer", 7, (1, 0)),
        (pa.array([7.0, 7.5]), "integer", 7, (1, 0)),
        (pa.array(["7", "07", "x"]), "integer", 7, (0, 2)),
        (pa.array([7, 8]), "string", "7", (0, 1)),
        (pa.array(["a", "b"], pa.large_string()), "string", "a", (1, 0)),
        (pa.array(["a", "b", "a"]).dictionary_encode(), "string", "a", (2, 0)),
        (pa.array([b"a", b"b"]), "string", "a", (0, 1)),
        (pa.array([dt.date(1990, 5, 1)]), "string", "1990-05-01", (1, 0)),
        (pa.array([["a"], ["b"], []]), "string", "a", (0, 1)),
        (pa.array([{"a": 7}, {"a": 8}]), "integer", 7, (0, 1)),
        (pa.array([str(U), str(U).upper()]), "uuid", str(U), (2, 0)),
        (pa.array([U.bytes, bytes(16)], pa.binary(16)), "uuid", str(U), (0, 1)),
        (
            pa.ExtensionArray.from_storage(pa.uuid(), pa.array([U.bytes], pa.binary(16))),
            "uuid",
            str(U).upper(),
            (1, 0),
        ),
    ],
    ids=str,
)
def test_values_are_typed(
    values: pa.Array, kind: str, asked: object, expected: tuple[int, int]
) -> None:
    assert judged(values, kind, asked) == expected


def test_a_column_in_another_case_is_flagged() -> None:
    assert judged(pa.array([7, 8]), "integer", 7, name="ID") == (0, 1)


def test_a_column_with_dots_in_its_name_is_one_column() -> None:
    identifiers = identifiers_of([{"name": "one", "path": "/a.b", "type": "integer"}])
    wanted = wanted_in([{"one": 7}], identifiers=identifiers)
    content = a_file(pa.table({"a.b": [7, 8], "a": [7, 7]}))

    assert record_formats.found(FORMAT, content, identifiers, wanted) == ([Span(0, 1)], 0)


@pytest.mark.parametrize(
    ("path", "values", "expected"),
    [
        ("tags.id", pa.array([[{"id": 7}], [{"id": 8}], None]), (0, 1)),
        (
            "props.id",
            pa.array([[("id", 7)], [("ID", 7)]], pa.map_(pa.string(), pa.int32())),
            (1, 1),
        ),
        ("a.b.c", pa.array([{"b": {"c": 7, "d": 1}}, {"b": None}]), (1, 0)),
        ("a.b.c", pa.array([{"B": {"c": 7}}]), (0, 1)),
        ("doc.id", pa.array(['{"id": 7}', "{"]), (0, 1)),
        ("value.list", pa.array([{"list": 7}]), (1, 0)),
    ],
    ids=str,
)
def test_nested_paths_are_followed(path: str, values: pa.Array, expected: tuple[int, int]) -> None:
    identifiers = identifiers_of([{"name": "one", "path": path, "type": "integer"}])
    wanted = wanted_in([{"one": 7}], identifiers=identifiers)
    content = a_file(pa.table({path.split(".", maxsplit=1)[0]: values}))

    theirs, unclear = record_formats.found(FORMAT, content, identifiers, wanted)

    assert (len(theirs), unclear) == expected


def test_two_columns_of_one_name_both_count() -> None:
    identifiers = identifiers_of([{"name": "one", "path": "id", "type": "integer"}])
    wanted = wanted_in([{"one": 7}], identifiers=identifiers)
    table = pa.Table.from_arrays([pa.array([7, 1, 1]), pa.array([1, 7, 1])], names=["id", "id"])

    assert record_formats.found(FORMAT, a_file(table), identifiers, wanted) == (
        [Span(0, 1), Span(1, 1)],
        0,
    )


def test_composites_match_by_column_with_null() -> None:
    person = identifiers_of([{"name": "person", "columns": ["first", "last"]}])
    wanted = wanted_in([{"person": ["Dora", None]}], identifiers=person)
    table = pa.table({"first": ["Dora", "Dora", "Eve"], "last": [None, "Example", None]})

    assert record_formats.found(FORMAT, a_file(table), person, wanted) == ([Span(0, 1)], 0)


@pytest.mark.parametrize(
    "metadata",
    [
        {"about": "dora@customer.example"},
        {"about": "An export for dora@customer.example, in May"},
        {"about": json.dumps({"who": ["dora@customer.example"]})},
        {"dora@customer.example": ""},
        {"pandas": json.dumps({"attributes": {"for": "dora@customer.example"}, "columns": []})},
    ],
)
def test_a_name_in_the_files_metadata_is_flagged(metadata: Mapping[str, str]) -> None:
    table = pa.table({"id": [8]}).replace_schema_metadata(metadata)

    assert purged(a_file(table))[1] == 1


def test_a_name_in_a_columns_metadata_is_flagged() -> None:
    field = pa.field("id", pa.int64(), metadata={"comment": "of dora@customer.example"})

    assert purged(a_file(pa.table([[8]], schema=pa.schema([field]))))[1] == 1


def test_what_libraries_write_about_columns_names_nobody() -> None:
    about = {"index_columns": [{"kind": "range", "start": 0, "stop": 7, "step": 1}], "columns": []}
    metadata = {"pandas": json.dumps(about), "org.apache.spark.version": "3.5.7"}
    content = a_file(pa.table({"id": [7, 8]}).replace_schema_metadata(metadata))

    result, unclear = purged(content)

    assert unclear == 0
    kept = pq.read_metadata(io.BytesIO(result)).metadata
    assert all(kept[key.encode()] == value.encode() for key, value in metadata.items())


def test_a_file_may_lose_all_its_rows() -> None:
    content = a_file(pa.table({"id": [7, 7]}))

    result, _ = purged(content)

    assert pq.read_table(io.BytesIO(result)).num_rows == 0
    assert pq.read_schema(io.BytesIO(result)) == pq.read_schema(io.BytesIO(content))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"customer_id\n7\n", "not_parquet"),
        (b"PAR1", "not_parquet"),
        (b"PAR1" + bytes(20) + b"PARE", "parquet_encrypted"),
        (a_file(pa.table({"id": [7]}))[:-9], "not_parquet"),
        (b"\x1f\x8b" + a_file(pa.table({"id": [7]})), "compressed_as_a_whole"),
        (b"\x28\xb5\x2f\xfd" + a_file(pa.table({"id": [7]})), "compressed_as_a_whole"),
    ],
)
def test_what_cannot_be_read_is_unreachable(content: bytes, reason: str) -> None:
    with pytest.raises(ObjectUnreachable, match=reason):
        purged(content)


def test_a_damaged_page_is_unreachable() -> None:
    content = bytearray(a_file(pa.table({"id": range(100)}), row_group_size=100))
    content[4:60] = bytes(56)

    with pytest.raises(ObjectUnreachable, match="parquet_not_readable"):
        purged(bytes(content))


def test_an_empty_object_holds_nobody() -> None:
    assert purged(b"") == (b"", 0)


def test_a_change_while_reading_is_told_as_one() -> None:
    class Changing(FakeObject):
        def read(self, span: Span) -> bytes:
            if span.offset < 100 and span.length > 4:
                raise ObjectChanged
            return super().read(span)

    with pytest.raises(ObjectChanged):
        list(FORMAT.scan(source=Changing(a_file(pa.table({"id": [7]}))), identifiers=IDENTIFIERS))


def test_a_sample_is_a_row_of_all_columns() -> None:
    table = pa.table({"id": [7, 8], "at": pa.array([1, 2], pa.timestamp("ns")), "é": ["a", None]})
    [_, record] = FORMAT.records(source=FakeObject(a_file(table)), spans=[Span(0, 1), Span(1, 1)])

    assert json.loads(record.sample()) == {"id": 8, "at": "timestamp[ns]", "é": None}
    assert record.size > 0
