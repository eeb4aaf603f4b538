"""Requests that people be forgotten, in the admin."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.decorators import display

from governance.adminsite.actions import detail_action
from governance.adminsite.options import NamespacedModelAdmin
from governance.kernel.actions import Action
from governance.tenancy.models import Namespace
from purge import selectors
from purge.domain import reasons
from purge.domain.erasure import NEXT, State
from purge.forms import PEOPLE_HELP, ErasureRequestForm
from purge.models import ErasureRequest
from purge.services import erasure_requests
from purge.services.erasure_requests import Wish

PILLS = {
    "received": "info",
    "locating": "info",
    "awaiting_approval": "warning",
    "approved": "info",
    "purging": "info",
    "verifying": "info",
    "completed": "success",
    "partially_failed": "danger",
    "failed": "danger",
}


ASKED_FOR = ("people", "reason", "reference", "identity_proof", "tell", "due_at")


@admin.register(ErasureRequest)
class ErasureRequestAdmin(NamespacedModelAdmin):
    """Requests that people be forgotten."""

    read_action = Action.READ_ERASURE
    write_action = Action.REQUEST_ERASURE
    can_change = False
    can_delete = False
    list_display = ("short_id", "state_pill", "reference", "progress", "due_at", "created_at")
    list_filter = ("state",)
    search_fields = ("reference",)
    form = ErasureRequestForm
    fields = (
        "decision_page",
        "state_name",
        "progress",
        "reason",
        "reference",
        "due_at",
        "subject_count",
        "whose",
        "report_hash",
        "problem_list",
        "created_at",
        "finished_at",
    )
    empty_state = "Nobody has asked to be forgotten yet."

    def get_fields(self, request: HttpRequest, obj: ErasureRequest | None = None) -> Any:  # noqa: ANN401 - Django's
        return self.fields if obj else ASKED_FOR

    def get_form(
        self,
        request: HttpRequest,
        obj: Any = None,  # noqa: ANN401 - Django's
        change: bool = False,  # noqa: FBT001, FBT002 - Django's
        **options: Any,  # noqa: ANN401 - Django's
    ) -> Any:  # noqa: ANN401 - Django's
        form = super().get_form(request, obj, change, **options)
        if "people" in form.base_fields:
            names = sorted({one.name for one in selectors.known_identifiers()})
            known = ", ".join(names) or "none yet: add a dataset first"
            form.base_fields["people"].help_text = f"{PEOPLE_HELP} Known identifiers: {known}."
        return form

    def get_readonly_fields(self, request: HttpRequest, obj: ErasureRequest | None = None) -> Any:  # noqa: ANN401 - Django's
        return self.fields if obj else ()

    @display(description="Request")
    def short_id(self, row: ErasureRequest) -> str:
        return str(row.pk)[-12:]

    @display(description="State", label=PILLS)
    def state_pill(self, row: ErasureRequest) -> tuple[str, str]:
        return row.state, row.get_state_display()

    @display(description="State")
    def state_name(self, row: ErasureRequest) -> str:
        return row.get_state_display()

    @display(description="Fingerprints")
    def whose(self, row: ErasureRequest) -> str:
        return "\n".join(row.fingerprints)

    @display(description="Problems")
    def problem_list(self, row: ErasureRequest) -> str:
        return "; ".join(
            f"{one['name'] or 'The whole erasure'}: {reasons.sentence(one['reason'])}"
            for one in row.problems
        )

    @display(description="Progress")
    def progress(self, row: ErasureRequest) -> str:
        if not row.progress_total:
            return "-"
        return f"{row.progress_done} of {row.progress_total} objects"

    @display(description="Report and decision")
    def decision_page(self, row: ErasureRequest) -> str:
        return format_html(
            '<a class="lw-link" href="{}">Open the report and decide</a>', _decision_url(row)
        )

    def perform_save(
        self,
        request: HttpRequest,
        row: ErasureRequest,
        form: forms.Form,
        change: bool,  # noqa: FBT001 - Django's
    ) -> ErasureRequest:
        values = dict(form.cleaned_data)
        return erasure_requests.ask(
            wish=Wish(contact=values.pop("tell"), **values),
            actor=self.actor(request),
            now=timezone.now(),
        )

    @detail_action(label="Report and decision", action=Action.READ_ERASURE, icon="fact_check")
    def open_decision(
        self, request: HttpRequest, row: ErasureRequest, values: Mapping[str, Any]
    ) -> HttpResponse:
        return redirect(_decision_url(row))

    @detail_action(
        label="Retry",
        action=Action.REQUEST_ERASURE,
        icon="refresh",
        shown=lambda row: row.state in {State.PARTIALLY_FAILED, State.FAILED},
    )
    def retry(self, request: HttpRequest, row: ErasureRequest, values: Mapping[str, Any]) -> str:
        erasure_requests.retry(request_id=row.pk, actor=self.actor(request), now=timezone.now())
        return "It goes on."

    @detail_action(
        label="Cancel",
        action=Action.REQUEST_ERASURE,
        icon="block",
        danger=True,
        shown=lambda row: State.CANCELLED in NEXT[State(row.state)],
    )
    def cancel(self, request: HttpRequest, row: ErasureRequest, values: Mapping[str, Any]) -> str:
        erasure_requests.cancel(request_id=row.pk, actor=self.actor(request), now=timezone.now())
        return "Cancelled. Nothing more will be deleted."


def _decision_url(row: ErasureRequest) -> str:
    ns = Namespace.objects.get(pk=row.namespace_id).name
    return reverse("purge:decision", kwargs={"ns": ns, "request_id": row.pk})
