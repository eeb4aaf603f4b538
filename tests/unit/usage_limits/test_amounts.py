"""Amounts come in exactly or not at all."""

from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from usage_limits.domain import quantities
from usage_limits.domain.features import FeatureType, figure, from_base, to_base

POISON: list[object] = [
    "NaN", "nan", "Infinity", "-Infinity", "inf", "1e309", "-1", "-0.1", "+1", "\uff11\uff10\uff10",
    "1_000",
    " 1", "1 ", "", "0x10", "1e999999999", ".5", "5.", str(2**63), "9" * 50, None, True, False,
    [], {}, float("nan"), float("inf"), float("-inf"), -1, -0.5, 2**63, 10**5000, Decimal("NaN"),
    Decimal(-1), b"1",
]  # fmt: skip


@pytest.mark.parametrize("value", POISON, ids=range(len(POISON)))
def test_a_poisoned_number_is_refused_with_the_field_named(value: object) -> None:
    with pytest.raises(quantities.AmountInvalid) as refused:
        quantities.parse(value, places=6, zero_allowed=True)

    assert [error.pointer for error in refused.value.errors] == ["/amount"]


@pytest.mark.parametrize("value", [0, "0", "0.000", 0.0])
def test_zero_is_refused_unless_it_is_allowed(value: object) -> None:
    with pytest.raises(quantities.AmountInvalid):
        quantities.parse(value, places=6)

    assert quantities.parse(value, places=6, zero_allowed=True) == 0


@pytest.mark.parametrize(
    ("value", "amount"),
    [(1, "1"), ("1.5", "1.5"), (0.1, "0.1"), ("1e3", "1000"), (1e-6, "0.000001"),
     (1_000_000_000, "1000000000"), (Decimal("2.50"), "2.5")],
)  # fmt: skip
def test_a_plain_number_is_read_exactly(value: object, amount: str) -> None:
    assert quantities.parse(value, places=6) == Decimal(amount)


def test_more_places_than_are_kept_are_refused() -> None:
    with pytest.raises(quantities.AmountInvalid, match="6 decimal places"):
        quantities.parse("0.0000001", places=6)


@given(st.text())
def test_no_text_is_ever_read_as_something_else(text: str) -> None:
    try:
        amount = quantities.parse(text, places=12, zero_allowed=True)
    except quantities.AmountInvalid:
        return

    assert text.isascii()
    assert amount.is_finite()
    assert 0 <= amount <= quantities.LARGEST


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_no_float_gets_past_the_range(value: float) -> None:
    try:
        amount = quantities.parse(value, places=12, zero_allowed=True)
    except quantities.AmountInvalid:
        return

    assert float(amount) == value


@given(st.decimals(0, quantities.LARGEST, places=12), st.decimals(0, quantities.LARGEST, places=12))
def test_base_amounts_are_exact_beyond_what_a_double_holds(one: Decimal, other: Decimal) -> None:
    feature = FeatureType.SPECTRUM

    total = quantities.EXACT.add(
        to_base(feature=feature, amount=one), to_base(feature=feature, amount=other)
    )

    assert total == to_base(feature=feature, amount=quantities.EXACT.add(one, other))
    assert from_base(feature=feature, amount=total) == quantities.EXACT.add(one, other)


def test_a_terabyte_is_two_to_the_fortieth_bytes() -> None:
    assert to_base(feature=FeatureType.SPECTRUM, amount=Decimal(1)) == 2**40
    assert to_base(feature=FeatureType.CONCURRENCY_SCALING, amount=Decimal(60)) == 3600


@pytest.mark.parametrize(
    ("feature", "amount", "shown"),
    [
        (FeatureType.SPECTRUM, 10 * 2**20, "10 MB"),
        (FeatureType.SPECTRUM, 0, "0 MB"),
        (FeatureType.SPECTRUM, 3 * 2**30 // 2, "1.5 GB"),
        (FeatureType.SPECTRUM, 2**40 * 31 // 100, "0.31 TB"),
        (FeatureType.CONCURRENCY_SCALING, 60, "1 minute"),
        (FeatureType.CONCURRENCY_SCALING, 90, "1.5 minutes"),
        (FeatureType.CONCURRENCY_SCALING, 3600, "60 minutes"),
    ],
)
def test_a_figure_is_what_a_person_would_write(
    feature: FeatureType, amount: int, shown: str
) -> None:
    assert figure(feature=feature, amount=Decimal(amount)) == shown


def test_json_numbers_are_whole_where_they_can_be() -> None:
    assert repr(quantities.number(Decimal("2.000"))) == "2"
    assert repr(quantities.number(Decimal("0.5"))) == "0.5"
    assert quantities.text(Decimal("1E+3")) == "1000"
