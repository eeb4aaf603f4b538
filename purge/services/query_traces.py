"""What this service itself holds of people, beside the erasure: results and texts of queries."""

from collections.abc import Sequence
from datetime import datetime

from governance.analytics.services import forgetting
from governance.audit import trail
from governance.kernel.actors import Actor
from purge.domain import masks
from purge.models import ErasureRequest
from purge.services import subjects


def forget(*, request: ErasureRequest, actor: Actor, now: datetime) -> None:
    """Once their records are cut, and before they are forgotten themselves.

    Values too short to tell anybody apart stay in what was typed: 7 stands in half of all queries.
    """
    known_by = subjects.values_in(subjects.of(request))
    forgotten = forgetting.forget(
        values=[value for value in known_by if len(value) >= masks.DISTINCTIVE], mask=_masked
    )
    trail.record(
        actor=actor,
        action="erasure.traces_forgotten",
        target=request,
        detail={"results": forgotten.results, "queries": forgotten.queries},
        now=now,
    )


def _masked(text: str, values: Sequence[str]) -> str:
    return masks.without(text, values=values)
