"""How erasures are shown on every page: pills, names, and what a row of a list says."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404

from governance.tenancy.models import User
from purge import selectors
from purge.domain import reasons
from purge.domain.erasure import State, is_final
from purge.models import ErasureReport, ErasureRequest

BUSY = {State.RECEIVED, State.LOCATING, State.APPROVED, State.PURGING, State.VERIFYING}
PILLS = {
    State.AWAITING_APPROVAL: "warn",
    State.COMPLETED: "ok",
    State.FAILED: "bad",
    State.PARTIALLY_FAILED: "bad",
    **dict.fromkeys(BUSY, "busy"),
}
NEAR = {0: "today", 1: "tomorrow"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An erasure in a list or a calendar."""

    erasure: ErasureRequest
    title: str
    pill: str
    totals: dict[str, int] | None
    days_left: int
    is_open: bool

    @property
    def is_late(self) -> bool:
        return self.is_open and self.days_left < 0

    @property
    def due_in_words(self) -> str:
        if not self.is_open:
            return ""
        return days_in_words(self.days_left)


def days_in_words(days: int) -> str:
    """How far a day is from today; one that has passed is overdue."""
    if days < 0:
        return f"{-days} day{'' if days == -1 else 's'} overdue"
    return NEAR.get(days, f"in {days} days")


def rows(erasures: Iterable[ErasureRequest], *, now: datetime) -> list[Row]:
    """Erasures come as `selectors.in_lists` has them."""
    return [_row(one, now=now) for one in erasures]


def _row(erasure: ErasureRequest, *, now: datetime) -> Row:
    state = State(erasure.state)
    return Row(
        erasure=erasure,
        title=erasure.reference or f"Erasure {str(erasure.pk)[-6:]}",
        pill=PILLS.get(state, ""),
        totals=selectors.totals_of(erasure),
        days_left=(erasure.due_at.date() - now.date()).days,
        is_open=not is_final(state),
    )


def found(request_id: UUID) -> ErasureRequest:
    request = ErasureRequest.objects.filter(pk=request_id).first()
    if request is None:
        raise Http404
    return request


def report_of(request: ErasureRequest) -> ErasureReport | None:
    return ErasureReport.objects.filter(erasure_request=request, hash=request.report_hash).first()


def explained(places: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each place with its reason as a sentence, and until when as a time."""
    return [
        {**place, "why": reasons.sentence(place["reason"]), "until": time_of(place.get("until"))}
        for place in places
    ]


def time_of(text: object) -> datetime | None:
    """A stored ISO time; None for what is none."""
    try:
        return datetime.fromisoformat(str(text)) if text else None
    except ValueError:
        return None


def name_of(user_id: UUID) -> str:
    user = User.objects.filter(pk=user_id).first()
    return "a script" if user is None else (user.display_name or user.username)
