"""Returns of erased people: what was decided about each, and letting somebody back in."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from governance.kernel.actions import Action
from governance.kernel.permissions import allows, require
from governance.portal.views.access import Visit, signed_in
from purge.domain.identifiers import SubjectInvalid
from purge.forms import LetBackForm
from purge.models import Return, ReturnState
from purge.services import free_texts, suppression

A_PAGE = 50


@never_cache
@require_safe
@signed_in
def listed(visit: Visit) -> HttpResponse:
    """Erased people who are back, and what was decided about each."""
    require(actor=visit.actor, action=Action.READ_ERASURE)
    return _page(visit)


def _page(visit: Visit, *, form: LetBackForm | None = None, status: int = 200) -> HttpResponse:
    rows = Return.objects.select_related("suppression", "dataset__storage_layer")
    context = {
        "ns": visit.ns,
        "waiting": list(rows.filter(state=ReturnState.OPEN).order_by("-seen_at")[:A_PAGE]),
        "decided": list(rows.exclude(state=ReturnState.OPEN).order_by("-seen_at")[:A_PAGE]),
        "may_ask": allows(actor=visit.actor, action=Action.REQUEST_ERASURE),
        "form": form or LetBackForm(),
    }
    return render(visit.request, "purge/returns.html", context, status=status)


@never_cache
@require_POST
@signed_in
def decide(visit: Visit, return_id: UUID) -> HttpResponse:
    require(actor=visit.actor, action=Action.REQUEST_ERASURE)
    by = {"return_id": return_id, "actor": visit.actor, "now": visit.now}
    if visit.request.POST.get("verb") == "erase":
        asked = suppression.ask_again(**by)  # type: ignore[arg-type]
        return redirect("purge:decision", ns=visit.ns, request_id=asked.pk)
    suppression.dismiss(**by)  # type: ignore[arg-type]
    messages.success(visit.request, "They may stay, and are looked out for no more.")
    return redirect("purge:returns", ns=visit.ns)


@never_cache
@require_POST
@signed_in
def let_back(visit: Visit) -> HttpResponse:
    require(actor=visit.actor, action=Action.REQUEST_ERASURE)
    form = LetBackForm(visit.request.POST)
    if form.is_valid():
        try:
            suppression.let_back(
                subject=form.cleaned_data["person"],
                reason=form.cleaned_data["reason"],
                actor=visit.actor,
                now=visit.now,
            )
        except (SubjectInvalid, suppression.NotErased) as refusal:
            form.add_error("person", str(refusal))
        except free_texts.RequestInvalid as refusal:
            form.add_error("reason", str(refusal))
        else:
            messages.success(visit.request, "They are looked out for no more.")
            return redirect("purge:returns", ns=visit.ns)
    return _page(visit, form=form, status=400)
