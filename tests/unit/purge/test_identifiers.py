"""Identifiers: typed, exact, fingerprinted; what is refused, and what a refusal may say."""

import pytest
from hypothesis import given, strategies as st

from purge.domain.fingerprints import fingerprints
from purge.domain.identifiers import (
    IdentifierInvalid,
    IdentifierType,
    SubjectInvalid,
    Wanted,
    canonical,
    check_subjects,
    fingerprint,
    identifiers_of,
    path_of,
    public_fingerprint,
    wanted_in,
)

KEY = b"k" * 32
STRING, INTEGER, UUID = IdentifierType.STRING, IdentifierType.INTEGER, IdentifierType.UUID


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("id", ("id",)),
        ("customer.id", ("customer", "id")),
        ("$.customer.id", ("customer", "id")),
        ("/customer/a.b~1c~0", ("customer", "a.b/c~")),
    ],
)
def test_a_path_is_dotted_or_a_json_pointer(text: str, path: tuple[str, ...]) -> None:
    assert path_of(text) == path


@pytest.mark.parametrize(
    "described",
    [
        None,
        [],
        "customer_id",
        [7],
        [{"name": "customer id", "path": "id"}],
        [{"name": "customer_id"}],
        [{"name": "customer_id", "path": "a..b"}],
        [{"name": "customer_id", "path": "id", "type": "float"}],
    ],
)
def test_an_unusable_identifier_is_refused(described: object) -> None:
    with pytest.raises(IdentifierInvalid):
        identifiers_of(described)


def test_a_column_is_a_path_too_and_text_the_default() -> None:
    [identifier] = identifiers_of([{"name": "customer_id", "column": "id"}])

    assert (identifier.path, identifier.type) == (("id",), STRING)


@pytest.mark.parametrize(
    ("value", "wanted", "result"),
    [
        ("a", STRING, ("a", True)),
        (7, STRING, ("7", False)),
        (7, INTEGER, ("7", True)),
        (7.0, INTEGER, ("7", True)),
        (7.5, INTEGER, ("7.5", True)),
        (" +007 ", INTEGER, ("7", False)),
        ("seven", INTEGER, None),
        (True, INTEGER, None),
        (None, STRING, None),
        (
            "6BA7B810-9DAD-11D1-80B4-00C04FD430C8",
            UUID,
            ("6ba7b810-9dad-11d1-80b4-00c04fd430c8", True),
        ),
        ("no", UUID, None),
        (7, UUID, None),
    ],
)
def test_values_become_canonical_for_their_type(
    value: object, wanted: IdentifierType, result: object
) -> None:
    assert canonical(value, wanted=wanted) == result


@pytest.mark.parametrize(
    "subjects",
    [
        None,
        [],
        "dora@customer.example",
        [{}],
        ["dora@customer.example"],
        [{"phone": "dora@customer.example"}],
        [{"email": ""}],
        [{"email": None}],
        [{"email": True}],
        [{"email": ["dora@customer.example"]}],
        [{"email": "dora@customer.example" * 100}],
    ],
)
def test_unusable_subjects_are_refused_without_being_named(subjects: object) -> None:
    with pytest.raises(SubjectInvalid) as refused:
        check_subjects(subjects, known_names=frozenset({"email"}))

    assert "dora" not in str(refused.value) + str(refused.value.errors)


def test_a_dataset_looks_for_the_identifiers_it_knows() -> None:
    identifiers = identifiers_of([{"name": "customer_id", "path": "id", "type": "integer"}])

    wanted = wanted_in(
        [{"customer_id": "7", "email": "dora@customer.example"}, {"email": "x"}],
        identifiers=identifiers,
    )

    assert wanted == {Wanted("customer_id", INTEGER, "7")}
    assert "7" not in repr(wanted)


@given(value=st.text(), other=st.text())
def test_fingerprints_tell_values_apart_and_fit_a_bigint(value: str, other: str) -> None:
    one = fingerprint(key=KEY, name="email", kind=STRING, value=value)

    assert -(2**63) <= one < 2**63
    assert one != 0
    assert (one == fingerprint(key=KEY, name="email", kind=STRING, value=other)) == (value == other)


def test_a_fingerprint_depends_on_key_name_and_type() -> None:
    prints = {
        fingerprint(key=key, name=name, kind=kind, value="7")
        for key in (KEY, b"x" * 32)
        for name in ("a", "b")
        for kind in (STRING, INTEGER)
    }

    assert len(prints) == 8


def test_the_public_fingerprint_shares_no_bytes_with_the_indexed_one() -> None:
    wanted = Wanted("email", STRING, "dora@customer.example")
    indexed = fingerprint(key=KEY, name="email", kind=STRING, value=wanted.value)

    public = public_fingerprint(key=KEY, wanted=wanted)

    assert len(public) == 32
    assert (indexed & (2**64 - 1)).to_bytes(8, "big").hex() not in public


def test_a_lone_surrogate_has_a_fingerprint() -> None:
    assert fingerprint(key=KEY, name="email", kind=STRING, value="\ud800")


@pytest.mark.parametrize(
    "kind", [IdentifierType.STRING, IdentifierType.INTEGER, IdentifierType.UUID]
)
@given(name=st.text(), value=st.text(st.characters()))
def test_the_quick_fingerprint_is_the_same(kind: IdentifierType, name: str, value: str) -> None:
    quick = fingerprints(b"k" * 32)

    slow = fingerprint(key=b"k" * 32, name=name, kind=kind, value=value)
    assert list(quick(kind, name, [value, "plain", value])) == [
        slow,
        fingerprint(key=b"k" * 32, name=name, kind=kind, value="plain"),
        slow,
    ]
