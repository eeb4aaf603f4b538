"""ORC purged: decoded again equal to the old rows without theirs, under the same schema."""

import io
import json

import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st
from pyarrow import orc

from purge.adapters.arrow.files import Buffer
from purge.adapters.orc import tail as orc_tail
from purge.adapters.orc.record_format import OrcRecordFormat
from purge.domain.identifiers import identifiers_of, wanted_in
from purge.domain.spans import Span
from purge.ports import ObjectUnreachable
from tests.factories import record_formats
from tests.fakes.storage import FakeObject

IDENTIFIERS = identifiers_of(
    [
        {"name": "customer_id", "path": "id", "type": "integer"},
        {"name": "email", "path": "who.email"},
    ]
)
WANTED = wanted_in([{"customer_id": 7, "email": "dora@customer.example"}], identifiers=IDENTIFIERS)
FORMAT = OrcRecordFormat()
EMAILS = ["dora@customer.example", "eve@stranger.example", None]
COMPRESSIONS = ["uncompressed", "zlib", "snappy", "zstd", "lz4"]


def a_file(table: pa.Table, *, stripes: int = 1, **options: object) -> bytes:
    """A file of about that many stripes: the writer cuts where its buffers are full."""
    buffer = io.BytesIO()
    options = {"stripe_size": 1024, "batch_size": 8, **options} if stripes > 1 else options
    writer = orc.ORCWriter(buffer, **options)
    writer.write(table)
    writer.close()
    return buffer.getvalue()


def changed(content: bytes, *, types: dict[int, bytes], metadata: dict[bytes, bytes]) -> bytes:
    """The file as another writer would have described it."""
    tail = orc_tail.read(Buffer(content))
    number = -1
    footer: orc_tail.Fields = []
    for field in tail.footer:
        if field[0] == orc_tail.TYPES:
            number += 1
        is_replaced = field[0] == orc_tail.TYPES and number in types
        footer.append((field[0], field[1], types[number]) if is_replaced else field)
    for key, value in metadata.items():
        item = orc_tail.written_message([(1, 2, key), (2, 2, value)])
        footer.append((orc_tail.METADATA, orc_tail.BYTES, item))
    old = orc_tail.Tail(postscript=tail.postscript, footer=footer, length=tail.length)
    return orc_tail.replaced(content, old=old)


def purged(content: bytes) -> tuple[bytes, int]:
    return record_formats.purged(FORMAT, content, IDENTIFIERS, WANTED)


@given(
    rows=st.lists(
        st.tuples(st.sampled_from([7, 8, None]), st.sampled_from(EMAILS), st.booleans()),
        max_size=60,
    ),
    compression=st.sampled_from(COMPRESSIONS),
    stripes=st.sampled_from([1, 2]),
)
@settings(max_examples=80, deadline=None)
def test_exactly_their_rows_go(
    *, rows: list[tuple[int | None, str | None, bool]], compression: str, stripes: int
) -> None:
    table = pa.table(
        {
            "id": pa.array([one[0] for one in rows], pa.int64()),
            "who": pa.array(
                [{"email": one[1], "n": n} if one[2] else None for n, one in enumerate(rows)],
                pa.struct([("email", pa.string()), ("n", pa.int32())]),
            ),
            "list": pa.array([[f"{n}" * 99] * (n % 3) for n in range(len(rows))]),
        },
        schema=pa.schema(
            [
                ("id", pa.int64()),
                ("who", pa.struct([("email", pa.string()), ("n", pa.int32())])),
                ("list", pa.list_(pa.string())),
            ]
        ),
    )
    content = a_file(table, stripes=stripes, compression=compression)

    result, unclear = purged(content)

    theirs = [id_ == 7 or (there and email == EMAILS[0]) for id_, email, there in rows]
    stay = pa.array([not one for one in theirs], pa.bool_())
    assert unclear == 0
    assert orc.read_table(io.BytesIO(result)).equals(table.filter(stay))
    assert purged(result) == (result, 0)
    before, after = (orc.ORCFile(io.BytesIO(one)) for one in (content, result))
    assert (before.compression, before.schema) == (after.compression, after.schema)
    assert before.row_index_stride == after.row_index_stride


def test_no_value_of_a_row_that_left_is_anywhere_in_the_file() -> None:
    emails = [f"person{n}@customer.example" for n in range(10)] * 2
    content = a_file(pa.table({"id": [*range(10), *range(10)], "email": emails}))
    assert b"person7@" in content

    result, _ = purged(content)

    assert b"person7@" not in result
    assert b"person6@" in result


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_limited_texts_and_metadata_stay_as_they_were(compression: str) -> None:
    plain = a_file(pa.table({"id": [7, 8], "name": ["a", "b"]}), compression=compression)
    varchar = orc_tail.written_message([(1, 0, 16), (4, 0, 20)])
    content = changed(plain, types={2: varchar}, metadata={b"writer": b"of ours"})

    result, unclear = purged(content)

    tail = orc_tail.read(Buffer(result))
    types = [value for number, _, value in tail.footer if number == orc_tail.TYPES]
    assert types[2] == varchar
    assert tail.metadata == {b"writer": b"of ours"}
    assert unclear == 0
    assert orc.read_table(io.BytesIO(result)).to_pylist() == [{"id": 8, "name": "b"}]


def test_a_name_in_the_files_metadata_is_flagged() -> None:
    content = a_file(pa.table({"id": [8]}))

    assert purged(changed(content, types={}, metadata={b"for": b"dora@customer.example"}))[1] == 1


def test_types_that_would_change_are_not_written() -> None:
    old = orc_tail.read(Buffer(a_file(pa.table({"id": [7], "small": ["a"]}))))
    fresh = a_file(pa.table({"id": [7], "small": pa.array([1], pa.int8())}))

    with pytest.raises(orc_tail.OrcUnreadableError):
        orc_tail.replaced(fresh, old=old)


def test_rows_are_numbered_through_stripes() -> None:
    table = pa.table({"id": [*range(8, 1000), 7], "note": [f"{n}" * 50 for n in range(993)]})
    content = a_file(table, stripes=2)
    assert orc.ORCFile(io.BytesIO(content)).nstripes > 2

    assert record_formats.found(FORMAT, content, IDENTIFIERS, WANTED) == ([Span(992, 1)], 0)
    assert orc.read_table(io.BytesIO(purged(content)[0])).equals(table.slice(0, 992))


def test_files_of_acid_tables_are_left_to_their_engine() -> None:
    content = a_file(pa.table({"id": [7]}))
    acid = changed(content, types={}, metadata={b"hive.acid.key.index": b"1,2,3;"})

    with pytest.raises(ObjectUnreachable, match="orc_of_acid_table"):
        purged(acid)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"customer_id\n7\n", "not_orc"),
        (b"ORC", "not_orc"),
        (a_file(pa.table({"id": [7]}))[:-3], "not_orc"),
        (b"\x1f\x8b" + a_file(pa.table({"id": [7]})), "compressed_as_a_whole"),
    ],
)
def test_what_cannot_be_read_is_unreachable(content: bytes, reason: str) -> None:
    with pytest.raises(ObjectUnreachable, match=reason):
        purged(content)


@given(st.binary(max_size=60))
@settings(max_examples=300)
def test_a_tail_of_anything_is_refused_not_a_crash(noise: bytes) -> None:
    whole = a_file(pa.table({"id": [7]}))
    for content in (noise, whole[:-20] + noise, whole[:-40] + noise + whole[-20:]):
        try:
            orc_tail.read(Buffer(content))
        except orc_tail.OrcUnreadableError:
            continue


def test_an_empty_object_holds_nobody() -> None:
    assert purged(b"") == (b"", 0)


def test_composites_and_samples() -> None:
    person = identifiers_of([{"name": "person", "columns": ["first", "last"]}])
    wanted = wanted_in([{"person": ["Dora", None]}], identifiers=person)
    content = a_file(pa.table({"first": ["Dora", "Dora", "Eve"], "last": [None, "Example", None]}))

    assert record_formats.found(FORMAT, content, person, wanted) == ([Span(0, 1)], 0)
    [record] = FORMAT.records(source=FakeObject(content), spans=[Span(1, 1)])
    assert json.loads(record.sample()) == {"first": "Dora", "last": "Example"}
    assert record.size > 0
