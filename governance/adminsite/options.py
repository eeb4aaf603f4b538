"""The base of every admin page.

    @admin.register(Dataset)
    class DatasetAdmin(NamespacedModelAdmin):
        "Where personal data lies."

        read_action = Action.READ_ERASURE
        write_action = Action.MANAGE_DATA_MAP
        list_display = ("prefix", "format", "layer_name", "state_pill")
        list_filter = ("format", "storage_layer")    # also the allow list of URL look-ups
        search_fields = ("prefix",)
        fields = ("storage_layer", "prefix", "format", "state")
        readonly_fields = ("state",)                 # a state moves by actions, never by hand
        secret_fields = ("bind_password",)           # sealed columns: write-only, shown as ••••
        empty_state = "No dataset yet. Add a storage layer first, then say where data lies."

        # unfold.decorators.display: a pill with a word
        @display(description="State", label={"ready": "success", "failed": "danger"})
        def state_pill(self, row):
            return row.state, row.get_state_display()

        def perform_save(self, request, row, form, change):
            values = form.cleaned_data               # a secret: its new value, or None to keep
            by = {"actor": self.actor(request), "now": timezone.now()}
            if change:
                return datasets.change(dataset_id=row.pk, values=values, **by)
            return datasets.create(**values, **by)

        def perform_delete(self, request, row):
            datasets.remove(dataset_id=row.pk, actor=self.actor(request), now=timezone.now())

        @detail_action(label="Index now", action=Action.MANAGE_DATA_MAP, icon="search")
        def index_now(self, request, row, values):
            datasets.index(dataset_id=row.pk, actor=self.actor(request), now=timezone.now())
            return "Indexing has started: see Jobs."

`detail_action` (actions.py) also takes `form=`, which asks first; a method may return a
sentence, a `results.Result` (shown above the form, for tests) or an HttpResponse.

Without `perform_save` the row is saved as it is (secrets sealed) and the change is audited. A
Refusal from either is shown in the form, at the fields its `errors` point to. `can_add`,
`can_change`, `can_delete` switch verbs off for everybody. Rows of other namespaces are not
found: the request runs in its namespace's scope (`site.py`), and so do the choices of
relations, filters, search and autocomplete, because every manager is scoped.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.admin import SimpleListFilter
from django.contrib.admin.utils import flatten_fieldsets
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.text import capfirst
from unfold.admin import ModelAdmin, StackedInline

from governance.adminsite import blockers, navigation
from governance.adminsite.buttons import ButtonsMixin
from governance.adminsite.callers import actor_of
from governance.adminsite.choices import ChoicesMixin
from governance.adminsite.forms import RefusalForm, SecretFormField
from governance.adminsite.gates import PermissionsMixin
from governance.adminsite.lookups import allowed_lookup
from governance.audit import trail
from governance.audit.models import AuditEvent
from governance.isolation.scopes import current_scope, has_scope
from governance.kernel.actors import Actor
from governance.kernel.refusals import Refusal
from governance.secrets import sealing
from governance.tenancy.selectors import actor_name
from governance.tenancy.services import step_up

MANY = 200


class NamespacedModelAdmin(PermissionsMixin, ButtonsMixin, ChoicesMixin, ModelAdmin):  # type: ignore[misc]
    """See the module's docstring for an example."""

    secret_fields: ClassVar[tuple[str, ...]] = ()
    extra_lookups: ClassVar[tuple[str, ...]] = ()
    empty_state: ClassVar[str] = ""
    list_per_page = 50
    list_max_show_all = MANY
    show_full_result_count = True
    list_filter_submit = True
    warn_unsaved_form = True
    compressed_fields = False
    ordering: Sequence[str] | None = ("-id",)
    object_history_template = "adminsite/history.html"

    def actor(self, request: HttpRequest) -> Actor:
        actor = actor_of(request)
        if actor is None:
            message = "The admin was reached without an actor."
            raise RuntimeError(message)
        return actor

    # --- what is seen

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's signature
        """Only what the filters of this page offer (threat T28): never any column by URL."""
        names = set(self.extra_lookups)
        for item in self.get_list_filter(request):
            chosen = item[0] if isinstance(item, (list, tuple)) else item
            if isinstance(chosen, str):
                names.add(chosen)
            elif issubclass(chosen, SimpleListFilter):
                names.add(str(chosen.parameter_name))
        if self.date_hierarchy:
            names.add(self.date_hierarchy)
        return allowed_lookup(lookup, names)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """No deletion in bulk: each row leaves by its own page, and by its service."""
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Titled as the sidebar names it."""
        place = navigation.place_of(self._name)
        title = {} if place is None else {"title": place[1].title}
        page: HttpResponse = super().changelist_view(request, {**title, **(extra_context or {})})
        return page

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The audit trail of this object: Django's own log is not used."""
        events = AuditEvent.objects.filter(target_id=object_id).annotate(actor_name=actor_name())
        context = {**(extra_context or {}), "audit_events": events.order_by("-id")[:MANY]}
        page: HttpResponse = super().history_view(request, object_id, context)
        return page

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:  # noqa: ANN401
        """Nothing: the audit trail says it, per namespace and chained."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:  # noqa: ANN401
        """Nothing: see log_addition."""

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Nothing: see log_addition."""

    # --- what is changed

    def get_form(
        self,
        request: HttpRequest,
        obj: models.Model | None = None,
        change: bool = False,  # noqa: FBT001, FBT002 - Django's signature
        **kwargs: Any,  # noqa: ANN401 - Django's signature
    ) -> type[forms.ModelForm[Any]]:
        if "fields" not in kwargs:
            kwargs["fields"] = flatten_fieldsets(self.get_fieldsets(request, obj))
        named = kwargs["fields"] or ()
        secrets = [name for name in self.secret_fields if name in named and self._writes(request)]
        if kwargs["fields"] is not None:
            kwargs["fields"] = [name for name in named if name not in self.secret_fields]
        plain = super().get_form(request, obj, change, **kwargs)
        own = {"refusal": getattr(request, "refusal", None), "page": request.get_full_path()}
        made: type[forms.ModelForm[Any]] = type(plain.__name__, (RefusalForm, plain), own)
        for name in secrets:
            column = self.opts.get_field(name)
            made.base_fields[name] = SecretFormField(
                stored=bool(obj is not None and getattr(obj, name)),
                required=not column.blank,
                label=capfirst(str(column.verbose_name)),
                help_text=str(column.help_text),
            )
        return made

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """From the address, but never a secret."""
        initial = super().get_changeform_initial_data(request)
        return {name: value for name, value in initial.items() if name not in self.secret_fields}

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - Unfold's own type
        context = {**self.button_context(request, object_id), **(extra_context or {})}
        try:
            with transaction.atomic():
                return super().changeform_view(request, object_id, form_url, context)
        except Refusal as refusal:
            if request.method != "POST":
                messages.error(request, str(refusal))
                return HttpResponseRedirect(reverse(f"admin:{self._name}_changelist"))
            # Once more, with the refusal in the form: nothing of the first attempt was kept.
            request.refusal = refusal  # type: ignore[attr-defined]
            for name in request.FILES:
                for upload in request.FILES.getlist(name):
                    upload.seek(0)
            return super().changeform_view(request, object_id, form_url, context)

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:  # noqa: ANN401, FBT001 - Django's
        row = super().save_form(request, form, change)
        if hasattr(row, "namespace_id") and row.namespace_id is None and has_scope():
            row.namespace_id = current_scope().namespace_id
        return row

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:  # noqa: ANN401 - Django's
        saved = self.perform_save(request, obj, form, change)
        if saved is not None and saved is not obj:
            obj.__dict__.update(saved.__dict__)

    def perform_save(self, request: HttpRequest, row: Any, form: Any, change: bool) -> Any:  # noqa: ANN401, FBT001
        """Save by a service, and return its row. This default seals, saves and audits."""
        for name in self.secret_fields:
            value = form.cleaned_data.get(name)
            if value is not None:
                sealing.put(row, name, value)
        row.save()
        verb = "changed" if change else "created"
        self._record(request, row, verb, {"fields": sorted(form.changed_data)})
        return row

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: ANN401, FBT001
        """Rows of an inline: saved in the scope, and audited with their parent."""
        super().save_formset(request, form, formset, change)
        if formset.has_changed():
            self._record(request, form.instance, "changed", {"fields": [formset.prefix]})

    def delete_model(self, request: HttpRequest, obj: Any) -> None:  # noqa: ANN401 - Django's
        self.perform_delete(request, obj)

    def perform_delete(self, request: HttpRequest, row: Any) -> None:  # noqa: ANN401 - any model
        """Delete by a service. This default audits and deletes."""
        self._record(request, row, "deleted", {})
        row.delete()

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> Any:  # noqa: ANN401 - Django's own type
        try:
            with transaction.atomic():
                return super().delete_view(request, object_id, extra_context)
        except step_up.AuthenticationTooOld:
            return HttpResponseRedirect(step_up.address(back_to=request.get_full_path()))
        except Refusal as refusal:
            messages.error(request, str(refusal))
            return HttpResponseRedirect(self.change_url(object_id))

    def get_deleted_objects(
        self, objs: Sequence[Any], request: HttpRequest
    ) -> tuple[list[Any], dict[Any, int], set[Any], list[Any]]:
        """What holds the row is named with a link to where it can be let go."""
        goes, counts, lacking, held = super().get_deleted_objects(objs, request)
        if held:
            held = blockers.named(list(objs), site=self.admin_site, request=request)
        return goes, counts, lacking, held

    def change_url(self, object_id: object) -> str:
        return reverse(f"admin:{self._name}_change", args=(object_id,))

    def get_urls(self) -> list[URLPattern]:
        return [*self.button_urls(), *super().get_urls()]

    def _writes(self, request: HttpRequest) -> bool:
        return self.has_change_permission(request) or self.has_add_permission(request)

    @property
    def _name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}"

    def _record(
        self, request: HttpRequest, row: models.Model, verb: str, detail: dict[str, Any]
    ) -> None:
        trail.record(
            actor=self.actor(request),
            action=f"{self.opts.model_name}.{verb}",
            target=row,
            detail=detail,
            now=timezone.now(),
        )


class NamespacedStackedInline(PermissionsMixin, StackedInline):  # type: ignore[misc]
    """Rows of a child table on the parent's page, with the parent's questions of permission."""

    extra = 0
