"""How far an erasure is, for its page to ask while work is under way (`portal.js`)."""

from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from governance.kernel.actions import Action
from governance.kernel.permissions import require
from governance.portal.views.access import Visit, signed_in
from purge.domain.erasure import State
from purge.models import ErasureRequest
from purge.views import shown
from purge.views.shown import BUSY

WHOLE = 100


@never_cache
@require_safe
@signed_in
def status(visit: Visit, request_id: UUID) -> HttpResponse:
    """`is_final` once it is not in the state any more that the page was made in."""
    require(actor=visit.actor, action=Action.READ_ERASURE)
    request = shown.found(request_id)
    state = State(request.state)
    answer = {
        "is_final": state not in BUSY or state != visit.request.GET.get("state"),
        "state": request.get_state_display(),
        "text": text(request),
        "percent": _percent(request),
    }
    return JsonResponse(answer)


def text(request: ErasureRequest) -> str:
    done, total = request.progress_done, request.progress_total
    if request.stop_wanted:
        return "stops after the object at hand"
    return f"{done} of {total} object{'' if total == 1 else 's'}" if total else ""


def _percent(request: ErasureRequest) -> int | None:
    total = request.progress_total
    return min(request.progress_done * WHOLE // total, WHOLE) if total else None
