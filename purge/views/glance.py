"""What an officer sees first: how far an erasure is, what it takes, and until when to decide."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from purge.domain.erasure import State
from purge.domain.plans import Plan
from purge.models import ErasureCertificate, ErasureDecision, ErasureReport, ErasureRequest
from purge.views import shown

NAMES = ("Asked", "Located", "Decided", "Erased", "Verified")
# Which of the names a state is at; what is left of it is done.
AT = {
    State.RECEIVED: 1,
    State.LOCATING: 1,
    State.AWAITING_APPROVAL: 2,
    State.REJECTED: 2,
    State.EXPIRED: 2,
    State.APPROVED: 3,
    State.PURGING: 3,
    State.PARTIALLY_FAILED: 3,
    State.VERIFYING: 4,
    State.COMPLETED: 5,
}
STOPPED = {
    State.REJECTED,
    State.EXPIRED,
    State.CANCELLED,
    State.FAILED,
    State.PARTIALLY_FAILED,
}
LEAST_SHARE = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of an erasure. `kind` is done, now, stopped or ahead."""

    name: str
    kind: str
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A part of what was found, in percent of the bar's width."""

    kind: str
    name: str
    count: int
    x: float
    width: float


def stages(request: ErasureRequest, report: ErasureReport | None) -> list[Stage]:
    """The five stages, where it stands now, and when it passed those behind it."""
    state = State(request.state)
    here = AT.get(state) or _reached(request, report)
    decided = ErasureDecision.objects.filter(erasure_request=request).order_by("-pk").first()
    ended = ErasureCertificate.objects.filter(erasure_request=request).order_by("-number").first()
    done = None if ended is None else ended.created_at
    passed = (
        request.created_at,
        None if report is None else report.created_at,
        None if decided is None else decided.decided_at,
        done,
        done,
    )
    return [
        Stage(name=name, kind=_kind(number, here, state), at=at if number < here else None)
        for number, (name, at) in enumerate(zip(NAMES, passed, strict=True))
    ]


def shares(totals: Mapping[str, Any]) -> list[Share]:
    """What goes and what stays, side by side. Empty where all of it goes: that needs no picture."""
    counts = (
        ("cut", "erased", totals["records"]),
        ("held", "on hold, stay", totals.get("held", 0)),
        ("unclear", "unclear, stay", totals["unclear"]),
    )
    there = [one for one in counts if one[2]]
    total = sum(count for *_, count in there)
    if len(there) < 2:  # noqa: PLR2004 - one part is no comparison
        return []
    # A part too small to be seen would be left out of the decision.
    weights = [max(count * 100 / total, LEAST_SHARE) for *_, count in there]
    widths = [weight * 100 / sum(weights) for weight in weights]
    return [
        Share(kind=kind, name=name, count=count, x=sum(widths[:number]), width=widths[number])
        for number, (kind, name, count) in enumerate(there)
    ]


def versions_going_whole(objects: Iterable[Mapping[str, Any]]) -> int:
    """Old versions that go with everybody's records in them: nothing can be cut from one."""
    return sum(one["plan"] == Plan.REMOVE_VERSION and bool(one["records"]) for one in objects)


def until(at: datetime, *, now: datetime) -> str:
    """How far a day is from today, in words."""
    return shown.days_in_words((at.date() - now.date()).days)


def _reached(request: ErasureRequest, report: ErasureReport | None) -> int:
    """Where one that failed or was withdrawn had got to."""
    if report is None:
        return 1
    return 2 if request.approved_by_id is None else 3


def _kind(number: int, here: int, state: State) -> str:
    if number < here:
        return "done"
    if number > here:
        return "ahead"
    return "stopped" if state in STOPPED else "now"
