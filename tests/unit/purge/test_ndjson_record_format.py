"""Random files purged, compared with what is obvious from how each line was made."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, strategies as st

from purge.adapters.text.ndjson_record_format import NdjsonRecordFormat
from purge.domain.identifiers import identifiers_of, wanted_in
from purge.domain.matching import Verdict
from purge.domain.spans import Span
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
