"""A reservation is given back once and charged once, in whatever order its ends arrive."""

from decimal import Decimal

from hypothesis import given, strategies as st

from usage_limits.domain import reservations
from usage_limits.domain.quantities import EXACT
from usage_limits.domain.reservations import ReservationState

ENDS = st.lists(
    st.sampled_from([ReservationState.SETTLED, ReservationState.EXPIRED, ReservationState.RELEASED])
)

AMOUNTS = st.integers(min_value=0, max_value=10**40)


@given(ENDS, AMOUNTS, AMOUNTS)
def test_whatever_the_order_of_its_ends_it_is_charged_at_most_once(
    ends: list[ReservationState], held: int, measured: int
) -> None:
    reserved = reservations.holding(Decimal(held)).reserved
    used, state = Decimal(0), ReservationState.HELD
    for wanted in ends:
        if wanted is ReservationState.SETTLED:
            change = reservations.settling(
                state=state, held=Decimal(held), measured=Decimal(measured)
            )
        else:
            change = reservations.giving_back(state=state, held=Decimal(held))
        used = EXACT.add(used, change.used)
        reserved = EXACT.add(reserved, change.reserved)
        state = wanted if reservations.may_become(state, wanted) else state

    settled = ReservationState.SETTLED in ends
    assert used == (measured if settled else 0)
    assert reserved == (0 if ends else held)
