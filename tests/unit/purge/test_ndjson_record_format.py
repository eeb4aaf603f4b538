"""Random files purged, compared with what is obvious from how each line was made."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, settings, strategies as st

from purge.adapters.text import ndjson_scan
from purge.adapters.text.ndjson_record_format import NdjsonRecordFormat
from purge.domain.identifiers import Identifier, identifiers_of, wanted_in
from purge.domain.matching import Verdict, candidates
from purge.domain.spans import Span
from purge.ports import ScannedBatch
from tests.factories import record_formats
from tests.fakes.storage import FakeObject

IDENTIFIERS = identifiers_of(
    [
        {"name": "customer_id", "path": "customer.id", "type": "integer"},
        {"name": "Email", "path": "Email", "type": "string"},
    ]
)
WANTED = wanted_in([{"customer_id": 7, "Email": "dora@customer.example"}], identifiers=IDENTIFIERS)
FORMAT = NdjsonRecordFormat()

THEIRS = [
    '{"customer": {"id": 7}}',
    '{"customer":{"id":7.0},"x":[1,2]}',
    '{"a": "naïve \\u00e9", "customer" : { "id" : 7e0 } }',
    '{"c\\u0075stomer": {"\\u0069d": 7}}',
    '{"customer": {"id": 7, "id": 8}}',
    '{"customer": {"id": 8, "id": 7}}',
    '{"customer": {"id": 7}, "customer": null}',
    '{"Email": "dora@customer.example", "customer": {"id": 1}}',
    '{"Email": "d\\u006fra@customer.example"}',
    '{"note": "a tab\there", "Email": "dora@customer.example"}',
]
UNCLEAR = [
    '{"customer": {"id": "7"}}',
    '{"customer": {"ID": 7}}',
    '{"CUSTOMER": {"id": 7}}',
    '{"cu\u017ftomer": {"id": 7}}',
    '{"email": "dora@customer.example"}',
    '{"customer": [{"id": 3}, {"id": 7}]}',
    '{"customer": {"id": [7]}}',
    '{"customer": {"id": {"value": 7}}}',
    '{"customer": "{\\"id\\": 7}"}',
    '{"customer": 7}',
    '{"Email": ["dora@customer.example"]}',
    '{"Email": "dora@customer.example"',
    '{"Email": "DORA@customer.example" torn',
    '{"Email": "d\\u006Fra@customer.example',
    '{"Email": "dora@cust',
    "dora@customer.example,2024-01-01",
]
OTHER = [
    '{"customer": {"id": 8}}',
    '{"customer": {"id": null}}',
    '{"customer": {"id": true}}',
    '{"customer": {}}',
    '{"customer": {"id": 77}, "amount": 7}',
    '{"order": {"id": 7}}',
    '{"Email": "eve@stranger.example"}',
    '{"Email": "Dora@customer.example"}',
    '{"Email": null, "note": "dora@customer.example"}',
    '{"text": "\\"customer\\": {\\"id\\": 7}"}',
    "[1, 2, 8]",
    '"text"',
    "null",
    "!!! torn !!!",
    "",
    "   ",
    "\t",
]


@dataclass(frozen=True)
class Line:
    raw: bytes
    verdict: Verdict


def lines_of(texts: Sequence[str], verdict: Verdict) -> st.SearchStrategy[Line]:
    endings = st.sampled_from([b"\n", b"\r\n"])
    return st.builds(
        lambda text, ending: Line(text.encode() + ending, verdict), st.sampled_from(texts), endings
    )


LINES = st.lists(
    st.one_of(
        lines_of(THEIRS, Verdict.THEIRS),
        lines_of(UNCLEAR, Verdict.UNCLEAR),
        lines_of(OTHER, Verdict.OTHER),
        st.just(Line(b'{"broken": "\xff\xfe"}\n', Verdict.OTHER)),
        st.just(Line(b'{"Email": "dora@customer.example", "x": "\xff"}\n', Verdict.UNCLEAR)),
        st.builds(
            lambda id_: Line(json.dumps({"customer": {"id": id_}}).encode() + b"\n", Verdict.OTHER),
            st.integers(min_value=8),
        ),
    ),
    max_size=12,
)


def purged(content: bytes) -> tuple[bytes, int]:
    return record_formats.purged(FORMAT, content, IDENTIFIERS, WANTED)


@given(lines=LINES, bom=st.booleans(), ends=st.booleans())
def test_exactly_the_records_of_the_person_are_cut_and_not_a_byte_more(
    *, lines: list[Line], bom: bool, ends: bool
) -> None:
    if lines and not ends:
        last = lines[-1]
        lines[-1] = Line(last.raw.rstrip(b"\r\n"), last.verdict)
    head = b"\xef\xbb\xbf" if bom else b""

    result, unclear = purged(head + b"".join(line.raw for line in lines))

    assert result == head + b"".join(
        line.raw for line in lines if line.verdict is not Verdict.THEIRS
    )
    assert unclear == sum(line.verdict is Verdict.UNCLEAR for line in lines)


@pytest.mark.parametrize("text", [*THEIRS, *UNCLEAR])
def test_every_candidate_is_in_the_scan_under_the_value_that_is_asked_for(text: str) -> None:
    [record] = record_formats.scanned(FORMAT, FakeObject(text.encode()), IDENTIFIERS)

    asked = {(one.type, one.name, one.value) for one in WANTED}
    assert record.candidates is None or asked & set(record.candidates)


def test_utf_16_is_unreadable_and_could_hold_anyone() -> None:
    content = '{"Email": "dora@customer.example"}\n'.encode("utf-16")

    assert purged(content)[1] >= 1


def test_a_line_without_end_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("purge.adapters.text.blocks.LONGEST_RECORD", 64)
    monkeypatch.setattr("purge.adapters.text.blocks.BLOCK", 16)
    content = b'{"Email": "dora@customer.example", "x": "' + b"y" * 200 + b'"}\n{"customer": 1}\n'

    spans = [one.span for one in record_formats.scanned(FORMAT, FakeObject(content), IDENTIFIERS)]

    assert sum(span.length for span in spans) == len(content)
    assert purged(content)[1] == 1


def test_nesting_without_end_is_unreadable_not_a_crash() -> None:
    content = b"[" * 200_000 + b"\n"

    [record] = record_formats.scanned(FORMAT, FakeObject(content), IDENTIFIERS)

    assert record.candidates is None


def test_a_sample_is_text_whatever_the_bytes() -> None:
    content = b'{"x": "\xff"}\r\n'
    [record] = FORMAT.records(source=FakeObject(content), spans=[Span(0, len(content))])

    assert record.sample() == '{"x": "�"}'


def test_the_stream_can_be_read_twice() -> None:
    source = FakeObject(b'{"customer": {"id": 7}}\n')

    assert len(record_formats.scanned(FORMAT, source, IDENTIFIERS)) == 1
    assert isinstance(source.stream(), io.BytesIO)


SIMPLE = identifiers_of(
    [
        {"name": "customer_id", "path": "customer_id", "type": "integer"},
        {"name": "email", "path": "email"},
    ]
)
DEEP = identifiers_of(
    [
        {"name": "id", "path": "id", "type": "uuid"},
        {"name": "customer_id", "path": "customer.id", "type": "integer"},
        {"name": "email", "path": "customer.email"},
    ]
)
COMPOSITE = identifiers_of(
    [
        {
            "name": "account",
            "columns": [
                {"name": "customer_id", "path": "customer.id", "type": "integer"},
                {"name": "email", "path": "email"},
            ],
        },
        {"name": "other", "path": "other"},
    ]
)
KEYS = st.sampled_from(
    [
        "customer_id",
        "email",
        "Customer_ID",
        "cu\u017ftomer_id",
        "customer",
        "id",
        "ID",
        "other",
        "é",
    ]
)
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-3, 9),
        st.just(2**70),
        st.floats(-3, 3),
        st.sampled_from(["7", "dora@customer.example", "ß", "a\\b", '"email"', "", "id"]),
        st.sampled_from(["9F1B4C3E-0000-4000-8000-0242AC120002", " 7 ", "7e0"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(KEYS, inner, max_size=2)),
    max_leaves=3,
)
MEMBERS = st.lists(st.tuples(KEYS, VALUES), max_size=4)


def line_of(members: list[tuple[str, object]], escaped: bool) -> str:  # noqa: FBT001
    dumped = [
        f"{json.dumps(key, ensure_ascii=escaped)}: {json.dumps(value, ensure_ascii=escaped)}"
        for key, value in members
    ]
    return "{" + ", ".join(dumped) + "}"


@given(
    lines=st.lists(
        st.one_of(
            st.builds(line_of, MEMBERS, st.booleans()),
            st.builds(
                lambda customer, members: line_of([("customer", dict(customer)), *members], True),  # noqa: FBT003
                MEMBERS,
                MEMBERS,
            ),
            st.builds(
                lambda id_: f'{{"customer_id": {id_}, "email": "a@b.example"}}', st.integers()
            ),
            st.sampled_from(["", " ", "torn {", "[1]", "\u00e9", '{"email": "\t"}']),
            st.sampled_from(
                [
                    '{"customer_id": 1}{"customer_id": 2}',
                    '{"customer_id": 1, "note": "Z\\u00fcrich \\"customer_id\\" \\/"}',
                    '{"customer_id": 1, "c\\u0075stomer_id": 2}',
                    '{"email": "\\ud800", "customer_id": 01}',
                    '{"customer_id":',
                    "5}",
                    '{"customer_id": 1180591620717411303424}',
                ]
            ),
        ),
        max_size=8,
    ),
    ends=st.booleans(),
    identifiers=st.sampled_from([SIMPLE, SIMPLE[:1], SIMPLE[1:], IDENTIFIERS, DEEP, COMPOSITE]),
    few=st.sampled_from([1, 32]),
)
@settings(max_examples=600, deadline=None)
def test_reading_quickly_finds_what_reading_faithfully_finds(
    *, lines: list[str], ends: bool, identifiers: Sequence[Identifier], few: int
) -> None:
    content = "".join(f"{line}\n" for line in lines).encode()
    content = content if ends else content.removesuffix(b"\n")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ndjson_scan, "FEW", few)
        found = record_formats.scanned(FORMAT, FakeObject(content), identifiers)

    expected: list[tuple[Span, object]] = []
    offset = 0
    for line in content.splitlines(keepends=True):
        span = Span(offset, len(line))
        offset = span.end
        try:
            record = ndjson_scan.faithful(line)
            all_of_it = [
                (one.type, one.name, one.value)
                for one in candidates(record, identifiers=identifiers)
            ]
        except ValueError:
            if not line.isspace():
                expected.append((span, None))
            continue
        if all_of_it:
            expected.append((span, set(all_of_it)))
    assert [
        (one.span, None if one.candidates is None else set(one.candidates)) for one in found
    ] == expected


def test_a_plain_block_is_read_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f'{{"customer_id": {n}, "name": "ä"}}\n'.encode() for n in range(50)]
    lines[7] = b'{"customer_id": null}\n'
    lines[8] = b'{"name": "x"}\n'
    monkeypatch.setattr(ndjson_scan.Scan, "_line", lambda *_: pytest.fail("line by line"))

    found = record_formats.scanned(FORMAT, FakeObject(b"".join(lines)), SIMPLE[:1])

    assert len(found) == 48
    assert found[-1].span.end == sum(map(len, lines))


@pytest.mark.parametrize(
    ("identifiers", "member"),
    [
        (IDENTIFIERS, b'"customer": {"id": 7}'),
        (IDENTIFIERS, b'"customer": null'),
        (DEEP, b'"id": "9F1B4C3E-0000-4000-8000-0242AC120002", "customer": {"id": 7}'),
        (DEEP, b'"id": null, "customer": {"id": 7}, "order": {"id": [{"ID": 3}]}'),
        (COMPOSITE, b'"customer": {"id": "7"}, "email": null'),
        (SIMPLE, b'"customer_id": 7.0, "order": {"customer_id": 8}'),
        (SIMPLE, b'"email": "a@b.example", "was": {"email": "x@y.example"}, "is": {"email": null}'),
    ],
)
def test_deeper_keys_of_the_same_name_do_not_slow_down(
    monkeypatch: pytest.MonkeyPatch, identifiers: Sequence[Identifier], member: bytes
) -> None:
    lines = [b'{"x": %d, %b}\n' % (n, member) for n in range(40)] + [b'{"x": 0}\n']
    expected = record_formats.scanned(FORMAT, FakeObject(lines[0]), identifiers)
    monkeypatch.setattr(ndjson_scan.Scan, "_line", lambda *_: pytest.fail("line by line"))

    found = record_formats.scanned(FORMAT, FakeObject(b"".join(lines)), identifiers)

    assert [one.candidates for one in found] == [one.candidates for one in expected] * 40


def test_a_composite_of_what_is_no_value_is_none() -> None:
    content = b'{"customer": {"id": true}, "email": "a@b.example"}\n'

    assert record_formats.scanned(FORMAT, FakeObject(content), COMPOSITE[:1]) == []


def test_a_record_over_two_lines_is_none() -> None:
    content = b'{"customer_id":\n7}\n{"customer_id": 8}\n'

    found = record_formats.scanned(FORMAT, FakeObject(content), SIMPLE[:1])

    assert [(one.span.offset, one.candidates is None) for one in found] == [
        (0, True),
        (16, True),
        (19, False),
    ]


def test_a_doubtful_line_slows_down_only_those_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [b'{"customer_id": %d, "note": "Z\\u00fcrich"}\n' % n for n in range(1600)]
    lines[500] = b'{"Customer_ID": 7}\n'
    slow = ndjson_scan.Scan._line_by_line
    counts: list[int] = []

    def counted(self: ndjson_scan.Scan, offset: int, some: Sequence[bytes]) -> ScannedBatch:
        counts.append(len(some))
        return slow(self, offset, some)

    monkeypatch.setattr(ndjson_scan.Scan, "_line_by_line", counted)

    found = record_formats.scanned(FORMAT, FakeObject(b"".join(lines)), SIMPLE[:1])

    assert counts == [100]
    assert [one.span.length for one in found] == [len(line) for line in lines]
