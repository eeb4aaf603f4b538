"""Claim rules: a hundred of them for a person in a hundred and fifty groups. The bar is 1 ms."""

from collections.abc import Iterator

from bench.measurements import Row, against_bar
from federation.domain import claim_rows, claims
from federation.domain.attributes import CLAIMS, GROUPS, UserType, person
from federation.domain.claims import ClaimRule, Source

RULES, PERSONS_GROUPS, RULES_GROUPS = 100, 150, 50
BAR_SECONDS = 0.001
TIMES, ROUNDS = 50, 21


def rows() -> Iterator[Row]:
    somebody = person(
        name_id="joe@customer.example",
        attributes={
            GROUPS: tuple(f"Group-{number:03}" for number in range(PERSONS_GROUPS)),
            f"{CLAIMS}/name": ("joe@customer.example",),
        },
    )
    rules = [_rule(number) for number in range(RULES)]

    def evaluate() -> None:
        for _ in range(TIMES):
            claims.evaluated(rules=rules, person=somebody)

    yield against_bar(
        what=f"Claims: {RULES} rules, a person in {PERSONS_GROUPS} groups",
        ours=evaluate,
        times=TIMES,
        bar_seconds=BAR_SECONDS,
        rounds=ROUNDS,
    )


def _rule(number: int) -> ClaimRule:
    """By turns: a group of theirs, one that differs in case, a strange one, and everybody."""
    named = f"{number % RULES_GROUPS:03}"
    groups = ([f"Group-{named}"], [f"group-{named}"], [f"Team-{named}"], [])[number % 4]
    transformed = number % 2 == 1
    steps = [
        {"function": "ExtractMailPrefix", "parameters": ["user.userprincipalname"]},
        {"function": "ToUppercase", "parameters": []},
    ]
    return ClaimRule(
        claim="Role" if number % 5 == 0 else f"PrincipalTag:tag-{number % 10}",
        position=number,
        user_type=UserType.ANY,
        groups=frozenset(groups),
        source=Source.TRANSFORMATION if transformed else Source.ATTRIBUTE,
        value="" if transformed else '"author"',
        steps=claim_rows.steps(steps) if transformed else (),
    )
