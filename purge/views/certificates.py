"""Certificates: handed out as JSON and on paper, and checked when somebody brings one."""

from uuid import UUID

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from governance.kernel.actions import Action
from governance.kernel.permissions import require
from governance.portal.views.access import Visit, signed_in
from purge import wiring
from purge.forms import CertificateForm
from purge.models import ErasureCertificate
from purge.services import certificate_checks, certificates
from purge.views import shown

LONGEST_NUMBER = 9


@never_cache
@require_safe
@signed_in
def certificate(visit: Visit, request_id: UUID, kind: str) -> HttpResponse:
    """The newest, or by `?number=` an earlier one. `kind` is json or pdf."""
    require(actor=visit.actor, action=Action.READ_ERASURE)
    rows = ErasureCertificate.objects.filter(erasure_request=shown.found(request_id))
    number = visit.request.GET.get("number", "")
    if number:
        is_one = number.isdecimal() and len(number) <= LONGEST_NUMBER
        rows = rows.filter(number=int(number)) if is_one else rows.none()
    found = rows.order_by("-number").first()
    if found is None:
        raise Http404
    body = certificates.body(found)
    if kind == "pdf":
        response = HttpResponse(wiring.certificate_paper(body), content_type="application/pdf")
    else:
        layout = {"indent": 2, "ensure_ascii": False}
        response = JsonResponse(body, json_dumps_params=layout)
    response["Content-Disposition"] = f'attachment; filename="erasure-{found.number}.{kind}"'
    return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def check(visit: Visit) -> HttpResponse:
    """Paste a certificate and see whether it is genuine. Nothing is stored."""
    require(actor=visit.actor, action=Action.READ_ERASURE)
    form = CertificateForm(visit.request.POST if visit.request.method == "POST" else None)
    checks: list[certificate_checks.Check] = []
    if form.is_valid():
        try:
            checks = certificate_checks.check(form.cleaned_data["certificate"])
        except certificate_checks.CertificateUnreadable as refusal:
            form.add_error("certificate", str(refusal))
    context = {
        "ns": visit.ns,
        "form": form,
        "public_key": certificate_checks.public_key(),
        "checks": checks,
        "is_genuine": bool(checks) and all(one.ok for one in checks),
    }
    return render(visit.request, "purge/check.html", context, status=400 if form.errors else 200)
