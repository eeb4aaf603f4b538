"""Every check in its order, in words, and what to change where one fails.

A line counts as passed only where its check is behind the one that failed (`stages.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from federation.domain import stages
from federation.domain.remedies import REMEDIES
from federation.domain.stages import Stage


class State(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NOT_REACHED = "not_reached"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    name: str
    state: State
    sentence: str


def lines(
    *, code: str, sentence: str, checks: Sequence[Stage] = stages.SIGN_IN
) -> tuple[Line, ...]:
    """All checks, passed up to the one that refused with `code`; with none, all passed."""
    failed = next((at for at, stage in enumerate(checks) if code in stage.codes), None)
    if code and failed is None:
        unread = [Line(name=s.name, state=State.NOT_REACHED, sentence="") for s in checks]
        return (Line(name="Before all", state=State.FAILED, sentence=sentence), *unread)
    return tuple(
        _line(stage, at=at, failed=len(checks) if failed is None else failed, sentence=sentence)
        for at, stage in enumerate(checks)
    )


def _line(stage: Stage, *, at: int, failed: int, sentence: str) -> Line:
    if at < failed:
        return Line(name=stage.name, state=State.PASSED, sentence=stage.passed)
    if at == failed:
        return Line(name=stage.name, state=State.FAILED, sentence=sentence)
    return Line(name=stage.name, state=State.NOT_REACHED, sentence="")


def remedy(code: str) -> str:
    """What to change so that it works. Empty only for what is no refusal of a sign-in."""
    known: Mapping[str, str] = REMEDIES
    return known.get(code, "")


def page() -> str:
    """docs/sign-in-problems.md: the checks in their order, and the remedies by code."""
    return "\n".join(
        (
            "# When a sign-in fails",
            "",
            "Made from the code by `manage.py sign_in_problems_page`.",
            "",
            "A refused sign-in shows the check that failed, a code and a reference. *Sign-in log*",
            "in the admin opens the reference; *Test this application* on the provider's page",
            "shows the same before anybody else sees it. So does a refused logout message of the",
            "provider.",
            "",
            "## Every check of a sign-in, in its order",
            "",
            *_table(stages.SIGN_IN),
            "",
            "## Every check of a logout message by HTTP-Redirect",
            "",
            *_table(stages.SIGN_OUT_BY_REDIRECT),
            "",
            "## Every check of a logout message by HTTP-POST",
            "",
            *_table(stages.SIGN_OUT_BY_FORM),
            "",
            "## What to change",
            "",
            "| code | what to change |",
            "|---|---|",
            *(f"| `{code}` | {text} |" for code, text in sorted(REMEDIES.items())),
            "",
        )
    )


def _table(checks: Sequence[Stage]) -> list[str]:
    rows = [f"| {stage.name} | {', '.join(_marked(stage.codes))} |" for stage in checks]
    return ["| check | codes |", "|---|---|", *rows]


def _marked(codes: frozenset[str]) -> list[str]:
    return [f"`{code}`" for code in sorted(codes)]
