"""Many lines of ndjson read at once find what each line read by itself does."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings, strategies as st

from purge.adapters.text import ndjson_scan
from purge.adapters.text.ndjson_record_format import NdjsonRecordFormat
from purge.domain.identifiers import Identifier, identifiers_of
from purge.domain.matching import candidates
from purge.domain.spans import Span
from purge.ports import ScannedBatch
from tests.factories import record_formats
from tests.fakes.storage import FakeObject

FORMAT = NdjsonRecordFormat()
NESTED = identifiers_of(
    [
        {"name": "customer_id", "path": "customer.id", "type": "integer"},
        {"name": "Email", "path": "Email"},
    ]
)
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
ODD = identifiers_of(
    [{"name": "a", "path": "/a~1b", "type": "integer"}, {"name": "e", "path": "é"}]
)
KEYS = st.sampled_from(
    [
        "a/b",
        "É",
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
                    '{"customer_id": 1, "a": "\\u003cb\\u003e"}',
                    '{"customer_id": 1, "\\u0043ustomer_id": 2}',
                    '{"customer_id": 1, "cu\\u017Ftomer_id": 2}',
                    '{"a": "\\"customer_id", "email": "x\\/y"}',
                    '{"a\\/b": 3, "\\u00E9": "\\n"}',
                    '{"customer_id": 1180591620717411303424}',
                ]
            ),
        ),
        max_size=8,
    ),
    ends=st.booleans(),
    identifiers=st.sampled_from([SIMPLE, SIMPLE[:1], SIMPLE[1:], NESTED, DEEP, COMPOSITE, ODD]),
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
        (NESTED, b'"customer": {"id": 7}'),
        (NESTED, b'"customer": null'),
        (DEEP, b'"id": "9F1B4C3E-0000-4000-8000-0242AC120002", "customer": {"id": 7}'),
        (DEEP, b'"id": null, "customer": {"id": 7}, "order": {"id": [{"ID": 3}]}'),
        (COMPOSITE, b'"customer": {"id": "7"}, "email": null'),
        (
            SIMPLE,
            b'"customer_id": 7, "url": "/?a=1\\u0026b=2", "note": "\\u00e9 \\"customer_id\\""',
        ),
        (SIMPLE, b'"customer_id": 7.0, "order": {"customer_id": 8}'),
        (SIMPLE, b'"email": "a@b.example", "was": {"email": "x@y.example"}, "is": {"email": null}'),
    ],
)
def test_what_is_common_is_read_quickly(
    monkeypatch: pytest.MonkeyPatch, identifiers: Sequence[Identifier], member: bytes
) -> None:
    lines = [b'{"x": %d, %b}\n' % (n, member) for n in range(40)] + [b'{"x": 0}\n']
    expected = record_formats.scanned(FORMAT, FakeObject(lines[0]), identifiers)
    monkeypatch.setattr(ndjson_scan.Scan, "_line", lambda *_: pytest.fail("line by line"))

    found = record_formats.scanned(FORMAT, FakeObject(b"".join(lines)), identifiers)

    assert [one.candidates for one in found] == [one.candidates for one in expected] * 40


@pytest.mark.parametrize("key", [b'a\\"b', b"a\\\\b", b"\\u0001"])
def test_a_member_of_any_name_may_hold_the_same_keys(key: bytes) -> None:
    lines = [b'{"%b": {"email": "x@y.example"}, "email": "a@b.example"}\n' % key] * 40

    found = record_formats.scanned(FORMAT, FakeObject(b"".join(lines)), SIMPLE[1:])

    values = [value for one in found for _, _, value in one.candidates or ()]
    assert values == ["a@b.example"] * 40


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
