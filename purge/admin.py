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
from unfold.widgets import (
    UnfoldAdminTextInputWidget,
)

from governance.adminsite.actions import detail_action
from governance.adminsite.attention import Urgency
from governance.adminsite.options import NamespacedModelAdmin
from governance.adminsite.results import Result
from governance.kernel.actions import Action
from governance.tenancy.models import Namespace
from purge import selectors, wiring
from purge.domain import reasons
from purge.domain.erasure import NEXT, State
from purge.forms import CREDENTIALS_HELP, OPTIONS_HELP, PEOPLE_HELP, ErasureRequestForm
from purge.models import Dataset, ErasureRequest, StorageLayer
from purge.services import data_maps, erasure_requests
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


class ProbeForm(forms.Form):
    begins = forms.CharField(
        label="Names that begin with",
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text="List only objects whose names begin so. Empty: all.",
    )


@admin.register(StorageLayer)
class StorageLayerAdmin(NamespacedModelAdmin):
    """Places where objects are kept."""

    read_action = Action.READ_ERASURE
    write_action = Action.MANAGE_DATA_MAP
    list_display = ("name", "kind", "created_at")
    list_filter = ("kind",)
    search_fields = ("name",)
    fields = ("name", "kind", "options", "credentials")
    secret_fields = ("credentials",)
    empty_state = "No storage layer yet. Add the folder or store where your lake lies."

    def get_form(
        self,
        request: HttpRequest,
        obj: Any = None,  # noqa: ANN401 - Django's
        change: bool = False,  # noqa: FBT001, FBT002 - Django's
        **options: Any,  # noqa: ANN401 - Django's
    ) -> Any:  # noqa: ANN401 - Django's
        form = super().get_form(request, obj, change, **options)
        for name, text in (("options", OPTIONS_HELP), ("credentials", CREDENTIALS_HELP)):
            if name in form.base_fields:
                form.base_fields[name].help_text = text
        return form

    def perform_save(
        self,
        request: HttpRequest,
        row: StorageLayer,
        form: forms.Form,
        change: bool,  # noqa: FBT001 - Django's
    ) -> StorageLayer:
        return data_maps.save_layer(
            layer=row,
            values=form.cleaned_data,
            lake=wiring.lake(),
            actor=self.actor(request),
            now=timezone.now(),
        )

    def perform_delete(self, request: HttpRequest, row: StorageLayer) -> None:
        data_maps.remove_layer(layer=row, actor=self.actor(request), now=timezone.now())

    @detail_action(
        label="Test",
        action=Action.MANAGE_DATA_MAP,
        icon="network_check",
        form=ProbeForm,
        intro="Opens the layer, lists objects and tries to write beside them. Nothing is kept.",
    )
    def test(self, request: HttpRequest, row: StorageLayer, values: Mapping[str, Any]) -> Result:
        steps = data_maps.probe(
            layer_id=row.pk,
            prefix=values["begins"],
            lake=wiring.lake(),
            actor=self.actor(request),
            now=timezone.now(),
        )
        ok = all(step.ok for step in steps)
        return Result(
            urgency=None if ok else Urgency.DANGER,
            word="Reachable" if ok else "Failed",
            sentence="Everything that erasing needs works." if ok else "See the last step.",
            steps=tuple((step.name, step.ok, step.detail) for step in steps),
        )


@admin.register(Dataset)
class DatasetAdmin(NamespacedModelAdmin):
    """Where personal data lies, and what identifies a person in it."""

    read_action = Action.READ_ERASURE
    write_action = Action.MANAGE_DATA_MAP
    list_display = ("prefix_or_all", "storage_layer", "format", "names", "indexed_at")
    list_filter = ("storage_layer", "format")
    search_fields = ("prefix",)
    fields = (
        "storage_layer",
        "prefix",
        "format",
        "compression",
        "locator",
        "identifiers",
        "indexed_at",
    )
    readonly_fields = ("indexed_at",)
    empty_state = "No dataset yet. Add a storage layer first, then say where data lies."

    @display(description="Prefix")
    def prefix_or_all(self, row: Dataset) -> str:
        return row.prefix or "(everything)"

    @display(description="Identifiers")
    def names(self, row: Dataset) -> str:
        return ", ".join(one["name"] for one in row.identifiers)

    def perform_save(
        self,
        request: HttpRequest,
        row: Dataset,
        form: forms.Form,
        change: bool,  # noqa: FBT001 - Django's
    ) -> Dataset:
        return data_maps.save_dataset(
            dataset=row,
            values=form.cleaned_data,
            actor=self.actor(request),
            now=timezone.now(),
        )

    def perform_delete(self, request: HttpRequest, row: Dataset) -> None:
        data_maps.remove_dataset(
            dataset=row, lake=wiring.lake(), actor=self.actor(request), now=timezone.now()
        )

    @detail_action(label="Index now", action=Action.MANAGE_DATA_MAP, icon="search")
    def index_now(self, request: HttpRequest, row: Dataset, values: Mapping[str, Any]) -> str:
        data_maps.start_indexing(dataset_id=row.pk, actor=self.actor(request), now=timezone.now())
        return "Indexing has started: see Jobs and messages for its progress."


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
        "fingerprints",
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
