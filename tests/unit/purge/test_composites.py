"""Composite identifiers: several columns that name a person together, nulls included."""

import pytest

from purge.domain.identifiers import (
    Identifier,
    IdentifierInvalid,
    IdentifierType,
    SubjectInvalid,
    check_subjects,
    identifiers_of,
    texts_of,
    wanted_in,
)
from purge.domain.matching import Pairs, TooAmbiguousError, Verdict, candidates, could_hold, verdict

PERSON = identifiers_of(
    [
        {
            "name": "person",
            "columns": ["first", "name.last", {"column": "born", "type": "integer"}],
        }
    ]
)
WANTED = wanted_in([{"person": ["Dora", "Example", 1990]}], identifiers=PERSON)


def judged(record: object, person: object = ("Dora", "Example", 1990)) -> Verdict:
    asked = person if isinstance(person, dict) else list(person)  # type: ignore[call-overload]
    wanted = wanted_in([{"person": asked}], identifiers=PERSON)
    assert wanted
    return verdict(candidates(record, identifiers=PERSON), wanted=wanted)


def test_columns_are_paths_with_types() -> None:
    [identifier] = PERSON

    assert identifier.type is IdentifierType.COMPOSITE
    assert identifier.paths == (("first",), ("name", "last"), ("born",))
    assert [part.type for part in identifier.parts] == ["string", "string", "integer"]


@pytest.mark.parametrize(
    "columns",
    [[], ["first"], "first", ["first", "first"], ["first", 7], [{"column": ""}, "b"], ["a"] * 9],
)
def test_unusable_columns_are_refused(columns: object) -> None:
    with pytest.raises(IdentifierInvalid):
        identifiers_of([{"name": "person", "columns": columns}])


def test_nobody_configures_the_type_composite() -> None:
    with pytest.raises(IdentifierInvalid):
        identifiers_of([{"name": "person", "path": "a", "type": "composite"}])


@pytest.mark.parametrize("pattern", ["([0-9]+)-.*", r"customer=(\d+)/"])
def test_a_pattern_has_one_group(pattern: str) -> None:
    assert identifiers_of([{"name": "customer", "pattern": pattern}]) == (
        Identifier("customer", (), IdentifierType.STRING, pattern=pattern),
    )


@pytest.mark.parametrize("pattern", ["(", "[0-9]+", "(a)(b)", 7])
def test_another_pattern_is_refused(pattern: object) -> None:
    with pytest.raises(IdentifierInvalid):
        identifiers_of([{"name": "customer", "pattern": pattern}])


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"first": "Dora", "name": {"last": "Example"}, "born": 1990}, Verdict.THEIRS),
        ({"first": "Dora", "name": {"last": "Example"}, "born": 1991}, Verdict.OTHER),
        ({"first": "Dora", "name": {"last": "Other"}, "born": 1990}, Verdict.OTHER),
        ({"first": "Dora", "born": 1990}, Verdict.OTHER),
        ({"first": "Dora", "name": {"last": "Example"}, "born": "1990"}, Verdict.UNCLEAR),
        (Pairs([("FIRST", "Dora"), ("name", Pairs([("last", "Example")])), ("born", 1990)]), "u"),
        (
            Pairs(
                [
                    ("first", "Eve"),
                    ("first", "Dora"),
                    ("name", Pairs([("last", "Example")])),
                    ("born", 1990),
                ]
            ),
            Verdict.THEIRS,
        ),
    ],
)
def test_all_columns_count_together(record: object, expected: str) -> None:
    assert judged(record) is (Verdict.UNCLEAR if expected == "u" else Verdict(expected))


def test_null_asks_for_null_and_for_what_is_not_there() -> None:
    asked = {"first": "Dora", "name.last": None, "born": 1990}

    assert judged({"first": "Dora", "name": {"last": None}, "born": 1990}, asked) is Verdict.THEIRS
    assert judged({"first": "Dora", "born": 1990}, asked) is Verdict.THEIRS
    assert (
        judged({"first": "Dora", "name": {"last": "Example"}, "born": 1990}, asked) is Verdict.OTHER
    )


@pytest.mark.parametrize(
    "value",
    [
        "Dora",
        ["Dora", "Example"],
        ["Dora", "Example", "soon"],
        {"first": "Dora"},
        [None, None, None],
    ],
)
def test_a_value_that_does_not_fit_is_looked_for_nowhere(value: object) -> None:
    assert not wanted_in([{"person": value}], identifiers=PERSON)


def test_a_record_with_too_many_readings_is_not_judged() -> None:
    record = {"first": ["x"] + [f"a{n}" for n in range(40)], "born": list(range(40))}

    with pytest.raises(TooAmbiguousError):
        list(candidates(record, identifiers=PERSON))


def test_what_cannot_be_read_could_hold_all_columns_or_not() -> None:
    assert could_hold(b'{"first": "Dora", "last": "Example", 1990 !!', wanted=WANTED)
    assert not could_hold(b'{"first": "Dora", "last": "Other", 1990 !!', wanted=WANTED)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-8", "utf-16-le"])
def test_names_in_other_encodings_are_not_passed_over(encoding: str) -> None:
    [email] = identifiers_of([{"name": "name", "path": "name"}])
    wanted = wanted_in([{"name": "José Núñez"}], identifiers=[email])

    assert could_hold("id;José Núñez;7".encode(encoding), wanted=wanted)
    assert not could_hold("id;Joan Miró;7".encode(encoding), wanted=wanted)


@pytest.mark.parametrize(
    "value", [[], ["a"], [None, None], ["a", True], ["a", ""], ["a", ["b"]], {"a": None}, [1.5, 2]]
)
def test_unusable_composite_values_are_refused(value: object) -> None:
    with pytest.raises(SubjectInvalid):
        check_subjects([{"person": value}], known_names=frozenset({"person"}))


def test_every_part_is_a_text_to_keep_out_of_what_is_stored() -> None:
    assert set(texts_of(["Dora", None, {"born": 1990}])) == {"Dora", "1990"}
    assert WANTED
    assert "Dora" not in repr(WANTED)
