"""csv purged, compared with parsing every row and writing down which bytes it took."""

import csv
import io
from collections.abc import Sequence

import pytest
from hypothesis import given, settings, strategies as st

from purge.adapters.compressed.record_format import CompressedRecordFormat
from purge.adapters.text import csv_rows
from purge.adapters.text.csv_record_format import CsvRecordFormat
from purge.domain.identifiers import Identifier, identifiers_of, wanted_in
from purge.domain.spans import Span
from purge.ports import ObjectUnreachable, ScannedRecord
from tests.factories import record_formats
from tests.fakes.storage import FakeObject

IDENTIFIERS = identifiers_of(
    [
        {"name": "customer_id", "column": "customer_id", "type": "integer"},
        {"name": "email", "column": "email"},
    ]
)
WANTED = wanted_in([{"customer_id": 7, "email": "dora@customer.example"}], identifiers=IDENTIFIERS)
FORMAT = CompressedRecordFormat(CsvRecordFormat())
HEAD = b"customer_id,email,note\n"


def purged(content: bytes) -> tuple[bytes, int]:
    return record_formats.purged(FORMAT, content, IDENTIFIERS, WANTED)


THEIRS = [
    b"7,,\n",
    b'"7",x,\n',
    b"1,dora@customer.example,\r\n",
    b'1,"dora@customer.example","two\nlines, and ""quotes"""\n',
    b'7,x,"\n\n7,dora@customer.example,\n"\n',
    "7,,näive\n".encode(),
]
UNCLEAR = [
    b" 7,,\n",
    b"07,,\n",
    b"+7,,\n",
    b"7.0,,\n",
    b"7e0,,\n",
    b"1, dora@customer.example,\n",
    b'1,"dora@customer.example ",\n',
    b"1,dora@customer.example\n",
    b"1,x,y,dora@customer.example\n",
    b'1,"dora@customer.example"x,\n',
    b"1,dora@customer.example,\xff\n",
    b'7,a"b",,\n',
    b"7,x\ry,\n",
]
OTHER = [
    b"8,eve@stranger.example,\n",
    b"77,,7\n",
    b"-7,,\n",
    b",,dora@customer.example\n",
    b'8,,"\n7,dora@customer.example,\n"\n',
    b"1,Dora@customer.example,\n",
    b"\n",
    b"   \r\n",
    b"8,a b,it's 5\" wide\n",
    b"torn\n",
    "seven,ö,\xff\n".encode("latin-1"),
]


@given(
    rows=st.lists(
        st.one_of(
            *(
                st.tuples(st.sampled_from(group), st.just(kind))
                for group, kind in (
                    (THEIRS, "theirs"),
                    (UNCLEAR, "unclear"),
                    (OTHER, "other"),
                )
            )
        ),
        max_size=10,
    ),
    bom=st.booleans(),
    ends=st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_exactly_the_rows_of_the_person_are_cut_and_not_a_byte_more(
    *, rows: list[tuple[bytes, str]], bom: bool, ends: bool
) -> None:
    if rows and not ends:
        rows[-1] = (rows[-1][0].rstrip(b"\r\n"), rows[-1][1])
    head = (b"\xef\xbb\xbf" if bom else b"") + HEAD

    result, unclear = purged(head + b"".join(raw for raw, _ in rows))

    assert result == head + b"".join(raw for raw, kind in rows if kind != "theirs")
    assert unclear == sum(kind == "unclear" for _, kind in rows)


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["7", "8", "", "07"]),
            st.text(alphabet='ab",;\t|\n é', max_size=6),
            st.sampled_from(["dora@customer.example", "eve", ""]),
        ),
        max_size=8,
    ),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    ending=st.sampled_from(["\n", "\r\n"]),
)
@settings(max_examples=80, deadline=None)
def test_what_a_csv_writer_wrote_is_understood(
    *, delimiter: str, rows: list[tuple[str, str, str]], quoting: int, ending: str
) -> None:
    def written(some: Sequence[Sequence[str]]) -> bytes:
        buffer = io.StringIO()
        writer = csv.writer(buffer, delimiter=delimiter, quoting=quoting, lineterminator=ending)  # type: ignore[arg-type]
        writer.writerow(["customer_id", "note", "email"])
        writer.writerows(some)
        return buffer.getvalue().encode()

    result, unclear = purged(written(rows))

    theirs = [row for row in rows if row[0] == "7" or row[2] == "dora@customer.example"]
    assert result == written([row for row in rows if row not in theirs])
    assert unclear == sum(row[0] == "07" for row in rows if row not in theirs)


OTHERS = identifiers_of(
    [
        {
            "name": "account",
            "columns": [
                {"name": "customer_id", "path": "customer_id", "type": "integer"},
                "email",
                "missing",
            ],
        },
        {"name": "note", "path": "note", "type": "uuid"},
    ]
)


@given(
    lines=st.lists(
        st.tuples(
            st.sampled_from(["7", "8", "", "-1", "07", "x", "12345678901234567890", "+7", "7.0"]),
            st.sampled_from(["a@b.example", "", " a", "é", "a\x1f", "b "]),
        ),
        max_size=8,
    ),
    noise=st.sampled_from(
        [
            b"",
            b"\n",
            b"1\n",
            b"\xff,,\n",
            b"3,4,5\r\n",
            b"3,4\r,5\n",
            b"3,4,5\r6\n",
            b"3,4,5\r\r\n",
            b"3,4,5\n3,4,5\r",
            b'"3","a\n7,b",5\n',
            b'3,"a ""b""",5\r\n',
            b'3,a"b,5\n',
            b'"3"x,4,5\n',
            b'3,4,"5\n',
            b'" 3","4",""\n',
            b'3,"4\r",5\n',
        ]
    ),
    place=st.integers(0, 8),
    ends=st.booleans(),
    identifiers=st.sampled_from([IDENTIFIERS, OTHERS, OTHERS[:1], OTHERS[1:]]),
)
@settings(max_examples=300, deadline=None)
def test_splitting_finds_what_parsing_finds(
    *,
    lines: list[tuple[str, str]],
    noise: bytes,
    place: int,
    ends: bool,
    identifiers: Sequence[Identifier],
) -> None:
    rows = [f"{id_},{email},n\n".encode() for id_, email in lines]
    body = b"".join([*rows[:place], noise, *rows[place:]])
    source = FakeObject(HEAD + (body if ends else body.removesuffix(b"\n")))

    def scanned() -> list[ScannedRecord]:
        return [
            ScannedRecord(one.span, None if one.candidates is None else sorted(one.candidates))
            for one in record_formats.scanned(FORMAT, source, identifiers)
        ]

    quick = scanned()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_rows.Rows, "_quickly", lambda *_: None)
        thorough = scanned()
    assert [(one.span, set(one.candidates or ())) for one in quick] == [
        (one.span, set(one.candidates or ())) for one in thorough
    ]
    assert [one.candidates is None for one in quick] == [one.candidates is None for one in thorough]


@pytest.mark.parametrize("row", ["{n},ä{n}@b.example,x\r\n", '"{n}","ä{n}@b.example","x\ny"\n'])
@pytest.mark.parametrize("identifiers", [IDENTIFIERS, OTHERS[:1]])
def test_good_rows_are_read_at_once(
    monkeypatch: pytest.MonkeyPatch, row: str, identifiers: Sequence[Identifier]
) -> None:
    monkeypatch.setattr(csv_rows.Rows, "_parsed", lambda _: pytest.fail("one by one"))
    rows = [row.format(n=n).encode() for n in range(-2, 47)]

    found = record_formats.scanned(FORMAT, FakeObject(HEAD + b"".join(rows)), identifiers)

    assert [one.span.length for one in found] == list(map(len, rows))


def test_an_empty_field_among_numbers_is_no_number() -> None:
    content = HEAD + b"7,,x\n,,x\n8,,x\n"

    found = record_formats.scanned(FORMAT, FakeObject(content), IDENTIFIERS)

    assert [one.span.offset - len(HEAD) for one in found] == [0, 9]


@pytest.mark.parametrize(
    ("head", "unclear"),
    [
        (b"Customer_ID,email,note\n", 1),
        (b" customer_id,email,note\n", 1),
        (b"CUSTOMER_ID,customer_id,note\n", 1),
        (b"customer_id,customer_id,note\n", 0),
        (b"note,customer_id,customer_id\n", 0),
    ],
)
def test_headers_that_are_nearly_right_are_flagged_and_double_ones_count(
    head: bytes, unclear: int
) -> None:
    content = head + b"7,1,7\n"

    result, flagged = purged(content)

    assert flagged == unclear
    assert result == (content if unclear else head)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"7,dora@customer.example,x\n8,y,z\n", "header_without_identifiers"),
        (b"sep=;\ncustomer_id;email\n7;x\n", "header_without_identifiers"),
        ("customer_id,email\n7,x\n".encode("utf-16"), "not_utf8"),
        ("customer_id,email\n7,x\n".encode("utf-16-le"), "not_utf8"),
        (b"customer_id,email,\xe9t\xe9\n7,x\n", "not_utf8"),
    ],
)
def test_what_cannot_be_understood_is_unreachable(content: bytes, reason: str) -> None:
    with pytest.raises(ObjectUnreachable, match=reason):
        purged(content)


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n", HEAD, HEAD.strip()])
def test_nothing_is_in_nothing(content: bytes) -> None:
    assert purged(content) == (content, 0)


def test_a_header_may_be_quoted_over_lines() -> None:
    head = b'"customer_id","a ""long""\nname, that is",email\r\n'

    assert purged(head + b"7,,\n8,,\n") == (head + b"8,,\n", 0)


def test_a_record_may_run_over_many_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("purge.adapters.text.blocks.BLOCK", 16)
    long = b'7,,"' + b"some\nlines,,\n" * 20 + b'"\n'

    assert purged(HEAD + b"8,,\n" + long + b"9,,\n" * 9 + long) == (
        HEAD + b"8,,\n" + b"9,,\n" * 9,
        0,
    )


def test_a_quotation_that_never_ends_is_reported() -> None:
    content = HEAD + b'8,,"open\n7,,\n8,,\n'

    assert purged(content) == (content, 1)


def test_a_record_that_is_too_long_is_refused_as_a_whole() -> None:
    limit = csv.field_size_limit(1000)
    try:
        with pytest.raises(ObjectUnreachable, match="record_too_long"):
            purged(HEAD + b'8,,"' + b"x" * 2000 + b'"\n7,,\n')
    finally:
        csv.field_size_limit(limit)


def test_composites_match_by_column_with_empty_as_null() -> None:
    person = identifiers_of([{"name": "person", "columns": ["first", "last"]}])
    wanted = wanted_in([{"person": {"first": "Dora", "last": None}}], identifiers=person)
    head = b"first,last,x\n"

    result = record_formats.purged(
        FORMAT, head + b'Dora,,1\nDora,Example,2\n"Dora","",3\nEve,,4\n', person, wanted
    )

    assert result == (head + b"Dora,Example,2\nEve,,4\n", 0)


def test_a_sample_is_the_row() -> None:
    content = HEAD + b"7,\xff,\r\n"
    [record] = FORMAT.records(source=FakeObject(content), spans=[Span(len(HEAD), 6)])

    assert record.sample() == "7,�,"
