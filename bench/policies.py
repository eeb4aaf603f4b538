"""Policy decisions: a role of ten statements, asked about a mix of actions and resources.

The bar stands for 50,000 decisions a second on one core. A second row asks the most of it: every
statement speaks of the action, and the one that denies comes last.
"""

from collections.abc import Iterator, Mapping, Sequence

from bench.measurements import Row, against_bar
from governance.kernel.actions import Action
from governance.kernel.policies import Policy, decide

DECISIONS = 5_000
BAR_SECONDS = 1 / 50_000
ROUNDS = 15
NAME = "arn:aws:lakewarden:eu-west-1:111122223333"
CONTEXT: Mapping[str, object] = {
    "aws:username": "author/joe",
    "aws:PrincipalTag/team": "sales",
    "lakewarden:RoleName": "author",
    "aws:SourceIp": "192.0.2.7",
}


def rows() -> Iterator[Row]:
    asked = [
        (Action.RUN_QUERY, f"{NAME}:table/sales/2026/purchases"),
        (Action.READ_DASHBOARDS, f"{NAME}:dashboard/7"),
        (Action.MANAGE_USAGE_LIMITS, "*"),
        (Action.APPROVE_ERASURE, f"{NAME}:erasure/1"),
    ]
    yield _measured("Policies: a decision over ten statements", _of_many_actions(), asked)
    yield _measured(
        "Policies: ten statements that all speak of it",
        _of_one_action(),
        [(Action.RUN_QUERY, f"{NAME}:table/sales/2026/purchases")],
    )


def _measured(what: str, policy: Policy, asked: Sequence[tuple[Action, str]]) -> Row:
    policies = [policy]

    def decisions() -> None:
        for number in range(DECISIONS):
            action, resource = asked[number % len(asked)]
            decide(policies=policies, action=action, resource=resource, context=CONTEXT)

    return against_bar(
        what=what, ours=decisions, times=DECISIONS, bar_seconds=BAR_SECONDS, rounds=ROUNDS
    )


def _of_many_actions() -> Policy:
    named = [action.value for action in Action]
    statements = []
    for number in range(10):
        actions = named[number * 3 : number * 3 + 3]
        also = [Action.RUN_QUERY.value] if number % 3 == 0 else []
        statements.append(_statement(number, actions=[*actions, *also]))
    return Policy.parse(name="author", document=_document(statements))


def _of_one_action() -> Policy:
    statements = [_statement(number, actions=[Action.RUN_QUERY.value]) for number in range(9)]
    denies = _statement(9, actions=["lakewarden:*"]) | {"Effect": "Deny"}
    return Policy.parse(name="author", document=_document([*statements, denies]))


def _statement(number: int, *, actions: Sequence[str]) -> dict[str, object]:
    """Resources and conditions of every kind, by turns."""
    resources = (
        [f"{NAME}:table/team-{number}/*"],
        [f"{NAME}:table/*/{2020 + number}/purchases", f"{NAME}:dashboard/{number}"],
        [f"{NAME}:table/${{aws:PrincipalTag/team}}/*"],
    )
    statement: dict[str, object] = {
        "Sid": f"S{number}",
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": resources[number % 3],
    }
    if number % 2:
        statement["Condition"] = {"StringLike": {"aws:PrincipalTag/team": ["sales", "finance-*"]}}
    return statement


def _document(statements: Sequence[Mapping[str, object]]) -> dict[str, object]:
    return {"Version": "2012-10-17", "Statement": list(statements)}
