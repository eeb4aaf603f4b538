"""The same done to several erasures: each answers for itself, and one refusal stops no other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from governance.isolation.scopes import current_namespace_id, namespace_scope
from governance.kernel.refusals import Refusal
from purge.models import ErasureRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkResult:
    """What became of one of several. `code` is empty where it was done."""

    request_id: UUID
    state: str
    code: str = ""
    sentence: str = ""

    @property
    def state_word(self) -> str:
        return self.state.replace("_", " ").capitalize()


def run(
    request_ids: Sequence[UUID], act: Callable[[UUID], ErasureRequest | Refusal]
) -> list[BulkResult]:
    """What `act` raises is undone and answered; of a refusal that it gives, what it wrote stays."""
    results = []
    for request_id in request_ids:
        try:
            with namespace_scope(current_namespace_id()):
                done = act(request_id)
        except (ErasureRequest.DoesNotExist, Refusal) as refusal:
            results.append(_refused(request_id, refusal))
            continue
        if isinstance(done, Refusal):
            results.append(_refused(request_id, done))
        else:
            results.append(BulkResult(request_id=request_id, state=done.state))
    return results


def _refused(request_id: UUID, refusal: Exception) -> BulkResult:
    row = ErasureRequest.objects.filter(pk=request_id).first()
    state = "" if row is None else row.state
    if isinstance(refusal, Refusal):
        return BulkResult(
            request_id=request_id, state=state, code=refusal.code, sentence=str(refusal)
        )
    return BulkResult(
        request_id=request_id, state=state, code="not_found", sentence="There is no such erasure."
    )
