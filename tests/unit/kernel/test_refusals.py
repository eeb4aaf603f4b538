"""A refusal has a code and a sentence, and says so at once when the two do not agree."""

import pytest

from governance.kernel.refusals import (
    Conflict,
    Exhausted,
    FieldError,
    Forbidden,
    Invalid,
    NotFound,
    Refusal,
    Unavailable,
)


class TooMany(Conflict):
    code = "too_many"
    sentence = "There are {count} of {kind}."


def test_the_sentence_is_filled_with_the_named_values() -> None:
    refusal = TooMany(count=3, kind="limits", extra="kept")

    assert str(refusal) == "There are 3 of limits."
    assert refusal.values == {"count": 3, "kind": "limits", "extra": "kept"}
    assert refusal.code == "too_many"


def test_a_missing_value_is_named_when_the_refusal_is_made() -> None:
    with pytest.raises(TypeError, match=r"TooMany lacks \['count'\]"):
        TooMany(kind="limits")


def test_errors_of_fields_travel_with_it() -> None:
    error = FieldError(pointer="/amount", code="positive", detail="Write a positive number.")

    assert Invalid(errors=[error]).errors == (error,)
    assert Invalid().errors == ()


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (Invalid, "invalid"),
        (Forbidden, "forbidden"),
        (NotFound, "not_found"),
        (Conflict, "conflict"),
        (Unavailable, "unavailable"),
        (Exhausted, "exhausted"),
    ],
)
def test_each_kind_can_be_raised_as_it_is(kind: type[Refusal], code: str) -> None:
    with pytest.raises(Refusal) as caught:
        raise kind

    assert caught.value.code == code
    assert str(caught.value).endswith(".")


def test_what_is_used_up_is_a_kind_of_unavailable() -> None:
    assert issubclass(Exhausted, Unavailable)
    assert Unavailable().retry_after_seconds is None
