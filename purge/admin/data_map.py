"""Where data lies, in the admin: storage layers and datasets."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminTextInputWidget,
)

from governance.adminsite import job_words
from governance.adminsite.actions import detail_action
from governance.adminsite.attention import Urgency
from governance.adminsite.options import NamespacedModelAdmin
from governance.adminsite.results import Result
from governance.kernel.actions import Action
from governance.outbox.models import MessageState
from purge import job_names, wiring
from purge.admin.dataset_forms import (
    IDENTIFIER_ROWS,
    DatasetForm,
    IdentifierRowsForm,
    fits_rows,
    where,
)
from purge.admin.layer_forms import LAYER_CONDITIONS, LAYER_FIELDS, StorageLayerForm
from purge.models import Dataset, StorageLayer
from purge.ports import ProbeStep
from purge.services import data_maps, dataset_probes


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
    form = StorageLayerForm
    conditional_fields = LAYER_CONDITIONS
    readonly_fields = ("options_shown",)
    empty_state = "No storage layer yet. Add the folder or store where your lake lies."

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ANN401 - Django's
        """Who may only look sees the options as they are kept."""
        writes = self.has_change_permission(request, obj)
        return [(None, {"fields": LAYER_FIELDS if writes else ("name", "kind", "options_shown")})]

    @display(description="Options")
    def options_shown(self, row: StorageLayer) -> str:
        return ", ".join(f"{name}: {value}" for name, value in row.options.items()) or "None"

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
        return _result(steps, word="Reachable", works="Everything that erasing needs works.")


def _in_rows(dataset: Dataset | None) -> bool:
    return dataset is None or fits_rows(dataset.identifiers)


def _result(steps: Sequence[ProbeStep], *, word: str, works: str) -> Result:
    ok = all(step.ok for step in steps)
    return Result(
        urgency=None if ok else Urgency.DANGER,
        word=word if ok else "Failed",
        sentence=works if ok else "See the steps that fail.",
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
    readonly_fields = ("indexed_at", "indexing", "identifiers_shown")
    empty_state = "No dataset yet. Add a storage layer first, then say where data lies."

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ANN401 - Django's
        """Identifiers as rows; as JSON where rows could not say the same; as a list to look at."""
        place = ("storage_layer", "prefix", "format", "compression", "locator")
        last = () if obj is None else ("indexed_at", "indexing")
        if not self.has_change_permission(request, obj):
            return [(None, {"fields": (*place, "identifiers_shown", *last)})]
        if not _in_rows(obj):
            return [(None, {"fields": (*place, "identifiers", *last)})]
        return [
            (None, {"fields": (*place, *last)}),
            ("What identifies a person here", {"fields": IDENTIFIER_ROWS}),
        ]

    def get_form(
        self,
        request: HttpRequest,
        obj: Any = None,  # noqa: ANN401 - Django's
        change: bool = False,  # noqa: FBT001, FBT002 - Django's
        **options: Any,  # noqa: ANN401 - Django's
    ) -> Any:  # noqa: ANN401 - Django's
        rows = self.has_change_permission(request, obj) and _in_rows(obj)
        self_form = IdentifierRowsForm if rows else DatasetForm
        return super().get_form(request, obj, change, form=self_form, **options)

    @display(description="Prefix")
    def prefix_or_all(self, row: Dataset) -> str:
        return row.prefix or "(everything)"

    @display(description="Identifiers")
    def names(self, row: Dataset) -> str:
        return ", ".join(one["name"] for one in row.identifiers)

    @display(description="Last indexing")
    def indexing(self, row: Dataset) -> str:
        job = job_words.latest(job_names.INDEX, dataset_id=row.pk)
        if job is None and row.indexed_at:
            return "Nobody asked for it here: it was indexed by a command, or when it was needed."
        if job is None:
            return "Not yet. Test the dataset, then index it."
        shown = {"job": job, "state": MessageState(job.state).label}
        return render_to_string(
            "purge/admin/indexing.html", shown | {"progress": job_words.progress(job)}
        )

    @display(description="Identifiers")
    def identifiers_shown(self, row: Dataset) -> str:
        return "; ".join(f"{one['name']} in {where(one)}" for one in row.identifiers)

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

    @detail_action(
        label="Test",
        action=Action.MANAGE_DATA_MAP,
        icon="network_check",
        form=forms.Form,
        intro="Reads the first objects as this dataset says, and counts the records that hold each "
        "identifier. Nothing is kept.",
    )
    def test(self, request: HttpRequest, row: Dataset, values: Mapping[str, Any]) -> Result:
        steps = dataset_probes.probe(
            dataset_id=row.pk, lake=wiring.lake(), actor=self.actor(request), now=timezone.now()
        )
        return _result(
            steps, word="Readable", works="Its objects can be read, and hold every identifier."
        )

    @detail_action(label="Index now", action=Action.MANAGE_DATA_MAP, icon="search")
    def index_now(self, request: HttpRequest, row: Dataset, values: Mapping[str, Any]) -> str:
        data_maps.start_indexing(dataset_id=row.pk, actor=self.actor(request), now=timezone.now())
        return "Indexing has started: its progress is below, when the page is loaded again."
